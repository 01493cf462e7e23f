"""A large course: one assignment, thousands of teams, twelve weeks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from grader.rules import Rules
from grader.spec import Assignment, Metric

TEAMS, SHIPPED, MEMBERS = 3_000, 6, 2
PUBLIC_ITEMS, ITEMS, REPETITIONS = 2_000, 10_000, 2_000
START = datetime(2026, 9, 7, tzinfo=UTC)
SPAN = timedelta(days=84)
GRADING = timedelta(minutes=1)
NOW = START + SPAN + timedelta(hours=6)
SPLITS = ("private", "public")
METRICS = ("psnr", "ssim")
HALF_WIDTH = 0.13
DATA = "d" * 64
LOG = "epoch 1: loss 0.2512\n" * 10

# None of these refuses anything here; each has to be looked up.
RULES = Rules(
    deadline=NOW + timedelta(days=7),
    daily=100,
    total=10_000,
    pending=50,
    cooldown_seconds=60.0,
    extensions={f"student-{number}-0": NOW + timedelta(days=9) for number in range(1, 200)},
)


def _unused(*arguments: object) -> Any:
    raise AssertionError("a board asks no questions of an assignment")


ASSIGNMENT = Assignment(
    slug="denoising",
    title="Denoising",
    metrics=(Metric("psnr", "dB", higher_is_better=True), Metric("ssim", "", higher_is_better=True)),
    tiers=(),
    prepare=_unused,
    check=_unused,
    evaluate=_unused,
    rules=RULES,
)
