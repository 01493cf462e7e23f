"""The language-model assignment: what it is called, how it ranks, what its tiers are."""

from grader.spec import Assignment, Metric, Range, Tier

from .data import ITEMS_PER_STREAM, prepare
from .evaluate import WRITES, check, evaluate

ASSIGNMENT = Assignment(
    slug="rnn",
    title="Predict a text",
    metrics=(Metric("bits", unit="bits/character", higher_is_better=False, digits=3, bounds=(0, 8)),),
    tiers=(
        Tier("baseline", 2.60, "baselines/rnn/kneser_ney"),
        Tier("pass", 1.70, "reference_solutions/rnn/elman"),
        Tier("reference", 1.50, "reference_solutions/rnn/gru"),
    ),
    train_tiers=(
        Tier("baseline", 2.65, "baselines/rnn/kneser_ney"),
        Tier("pass", 1.85, "reference_solutions/rnn/elman"),
    ),
    captions={
        WRITES: "Left of the line what it was told of a public example; right of it how it goes on, each "
        "character drawn by the grader from what the model predicts."
    },
    items=Range(64, 2_048),  # 256 streams of 8
    block=ITEMS_PER_STREAM,
    prepare=prepare,
    check=check,
    evaluate=evaluate,
)
