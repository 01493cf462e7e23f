"""The denoising assignment: what it is called, how it ranks, what its tiers are."""

from grader.datasets import HELDOUT_CLOTHES
from grader.spec import Assignment, Metric, Range, Tier

from .data import prepare
from .evaluate import check, evaluate

ASSIGNMENT = Assignment(
    slug="denoising",
    title="Denoise clothes",
    metrics=(
        Metric("psnr", unit="dB", higher_is_better=True, digits=2, bounds=(0, 40)),
        Metric("ssim", unit="", higher_is_better=True, digits=3),
    ),
    tiers=(
        Tier("baseline", 17.9, "baselines/denoising/wiener"),
        Tier("pass", 19.2, "reference_solutions/denoising/fc_dae"),
        Tier("reference", 19.8, "reference_solutions/denoising/unet"),
    ),
    train_tiers=(
        Tier("baseline", 18.0, "baselines/denoising/wiener"),
        Tier("pass", 19.2, "reference_solutions/denoising/fc_dae"),
        Tier("reference", 20.0, "reference_solutions/denoising/conv_dae"),
    ),
    captions={
        "examples": "Top to bottom: noisy images, as the model gets them; what it makes of them; the clean "
        "ones."
    },
    items=Range(64, HELDOUT_CLOTHES),
    prepare=prepare,
    check=check,
    evaluate=evaluate,
)
