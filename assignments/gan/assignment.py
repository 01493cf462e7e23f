"""The GAN assignment: what it is called, how it ranks, what its tiers are."""

from grader.spec import MB, Assignment, Budget, Metric, Range, Tier

from .data import GENERATED, deal, prepare
from .evaluate import check, evaluate

ASSIGNMENT = Assignment(
    slug="gan",
    title="Invent clothes",
    metrics=(
        Metric(
            "kid",
            unit="",
            higher_is_better=False,
            digits=3,
            note="KID is estimated without bias: it may fall a little below 0 where generated and real "
            "images can't be told apart.",
        ),
        Metric("fid", unit="", higher_is_better=False, digits=2),
        Metric("precision", unit="", higher_is_better=True, digits=2),
        Metric("recall", unit="", higher_is_better=True, digits=2),
        Metric("density", unit="", higher_is_better=True, digits=2),
        Metric("coverage", unit="", higher_is_better=True, digits=2),
        Metric("copied", unit="", higher_is_better=False, digits=3),
        Metric("familiar", unit="", higher_is_better=False, digits=3),
    ),
    tiers=(
        Tier("baseline", 0.95, "baselines/gan/class_pca_gaussian"),
        Tier("pass", 0.08, "reference_solutions/gan/dcgan"),
        Tier("reference", 0.02, "reference_solutions/gan/dcgan_r1"),
    ),
    train_tiers=(
        Tier("baseline", 0.90, "baselines/gan/class_pca_gaussian"),
        Tier("pass", 0.05, "reference_solutions/gan/dcgan"),
        Tier("reference", 0.02, "reference_solutions/gan/dcgan_r1"),
    ),
    items=Range(largest=GENERATED),
    captions={
        "generated": "One image for each of 32 random z, which are the same for every model.",
        "walk": "In each row a walk in equal steps from one random z to another.",
    },
    prepare=prepare,
    check=check,
    evaluate=evaluate,
    divisible=False,
    deal=deal,
    budget=Budget(checkpoint_bytes=MB),  # 500,000 weights of 2 bytes, or 2,600 pictures, packed
)
