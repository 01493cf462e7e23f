"""The classification assignment: what it is called, how it ranks, what its tiers are."""

from grader.classifier import confusion_caption
from grader.datasets import HELDOUT_CLOTHES
from grader.spec import Assignment, Metric, Range, Tier

from .data import deal, prepare
from .evaluate import check, evaluate

CLASSES = (
    "T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip

ASSIGNMENT = Assignment(
    slug="cnn",
    title="Name clothes",
    metrics=(
        Metric("accuracy", unit="", higher_is_better=True, digits=3, bounds=(0, 1)),
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
    captions={
        "confusion": confusion_caption(CLASSES),
        "surprises": "The eight examples whose true class the model held least likely, the worst first.",
        "filters": "What a model that offers filters shows of itself, as a rule the weights of its first "
        "layer. Mid-grey is zero.",
    },
    items=Range(64, HELDOUT_CLOTHES),
    prepare=prepare,
    check=check,
    evaluate=evaluate,
    deal=deal,
)
