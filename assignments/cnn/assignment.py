"""The classification assignment: what it is called, how it ranks, what its tiers are."""

from grader.datasets import HELDOUT_CLOTHES
from grader.spec import Assignment, Metric, Range, Tier

from .data import prepare
from .evaluate import check, evaluate

ASSIGNMENT = Assignment(
    slug="cnn",
    title="Name clothes",
    metrics=(
        Metric("accuracy", unit="", higher_is_better=True, digits=3),
        Metric("nll", unit="nats", higher_is_better=False, digits=3),
        Metric("stability", unit="", higher_is_better=True, digits=3),
    ),
    tiers=(
        Tier("baseline", 0.75, "baselines/cnn/logistic"),
        Tier("reference", 0.87, "reference_solutions/cnn/cnn"),
    ),
    train_tiers=(
        Tier("baseline", 0.740, "baselines/cnn/logistic"),
        Tier("reference", 0.845, "reference_solutions/cnn/cnn"),
    ),
    items=Range(64, HELDOUT_CLOTHES),
    prepare=prepare,
    check=check,
    evaluate=evaluate,
)
