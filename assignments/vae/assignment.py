"""The VAE assignment: what it is called, how it ranks, what its tiers are."""

from grader.datasets import HELDOUT_CLOTHES
from grader.spec import Assignment, Metric, Range, Tier

from .data import prepare
from .evaluate import check, evaluate

ASSIGNMENT = Assignment(
    slug="vae",
    title="Explain clothes",
    metrics=(Metric("elbo", unit="nats", higher_is_better=True, digits=1, bounds=(-1000, 0)),),
    tiers=(
        Tier("baseline", -281.0, "baselines/vae/linear_vae"),
        Tier("reference", -248.0, "reference_solutions/vae/conv_vae"),
    ),
    train_tiers=(
        Tier("baseline", -277.0, "baselines/vae/linear_vae"),
        Tier("reference", -259.0, "reference_solutions/vae/conv_vae"),
    ),
    captions={
        "examples": "From top to bottom: images as the model gets them, every pixel black or white; the same "
        "ones, encoded and decoded again; images decoded from random latent vectors; a walk in equal steps "
        "from the first of these vectors to the second."
    },
    items=Range(64, HELDOUT_CLOTHES),
    prepare=prepare,
    check=check,
    evaluate=evaluate,
    repeatable=False,
)
