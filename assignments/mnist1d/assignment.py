"""The sequence-classification assignment: what it is called, how it ranks, what its tiers are."""

from grader.classifier import confusion_caption
from grader.spec import Assignment, Metric, Range, Tier

from .data import prepare
from .evaluate import check, evaluate

ASSIGNMENT = Assignment(
    slug="mnist1d",
    title="Read curves",
    metrics=(
        Metric("accuracy", unit="", higher_is_better=True, digits=3, bounds=(0, 1)),
        Metric("nll", unit="nats", higher_is_better=False, digits=3),
    ),
    tiers=(
        Tier("baseline", 0.30, "baselines/mnist1d/logistic"),
        Tier("pass", 0.90, "reference_solutions/mnist1d/gru"),
        Tier("reference", 0.985, "reference_solutions/mnist1d/cnn"),
    ),
    train_tiers=(
        Tier("baseline", 0.280, "baselines/mnist1d/logistic"),
        Tier("reference", 0.980, "reference_solutions/mnist1d/cnn"),
    ),
    captions={
        "confusion": confusion_caption([str(digit) for digit in range(10)]),
        "surprises": "The eight examples whose true digit the model held least likely, the worst first, each "
        "drawn as a curve from left to right.",
    },
    items=Range(64, 10_000),
    prepare=prepare,
    check=check,
    evaluate=evaluate,
)
