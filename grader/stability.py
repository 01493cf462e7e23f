"""The stability probe: held-out images asked about as they are, and moved by one pixel under light noise.

A model hardly notices. A table of known images, keyed by their bytes, does: it finds nothing for a moved one.
For a human who looks into one submission, never a score.

Measured on 256 images, as they are and moved: accuracy of a table that knew them 1.00 and .10, of the shipped
network .898 and .865, of logistic regression .781 and .727; PSNR of six denoisers fell by .01 to .33 dB. A
search for the nearest known image fell from .813 to .758, as a model does: that the probe does not see.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.errors import HeldoutError
from grader.grade import grade
from grader.prepared import Data
from grader.report import Report, Verdict
from grader.sandbox import Sandbox
from grader.spec import Array, Arrays, Assignment, RunKind

NOISE = 0.03  # σ of the noise, in units of white: as the classifiers' own perturbed images have
SIDES = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))  # down, right

# Which held-out arrays are images that a model is asked about, by the array that has their answers; an
# answer that is an image itself moves along.
INPUTS: Mapping[str, str] = MappingProxyType({"labels": "images", "clean": "noisy"})

Stack = npt.NDArray[Any]


@dataclass(frozen=True)
class Stability:
    """The mean score of the metric that ranks, over all held-out items."""

    metric: str
    as_they_are: float
    nudged: float


def can_be_probed(heldout: Arrays) -> bool:
    """Whether the held-out items are images with labels, or noisy ones with clean ones."""
    return any(
        answers in heldout and inputs in heldout and heldout[inputs].ndim == 4
        for answers, inputs in INPUTS.items()
    )


def probe(
    assignment: Assignment,
    archive: bytes,
    data: Data,
    *,
    sandbox: Sandbox,
    run_seed: int,
    run_kind: RunKind = RunKind.EVALUATE,
) -> Stability:
    """Grade a submission twice, the second time on nudged items; a train run is trained twice, by one seed.

    Takes twice what grading takes. Raises HeldoutError where `can_be_probed` says no, or where grading did
    not score it.
    """
    if not can_be_probed(data.heldout):
        raise HeldoutError(
            f"the items of {assignment.slug} can't be nudged",
            expected="images with labels, or noisy images with clean ones",
        )
    moved = Data(data.public, nudged(data.heldout, np.random.default_rng(run_seed)), data.sha256)
    means = [
        _mean(
            grade(assignment, archive, one, sandbox=sandbox, run_seed=run_seed, run_kind=run_kind),
            assignment.metric.name,
        )
        for one in (data, moved)
    ]
    return Stability(assignment.metric.name, *means)


def nudged(heldout: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    """The held-out arrays with every image moved to one of its eight sides, plus N(0, 0.03²).

    Inputs (n, 1, height, width) float32; answers that are images, (n, height, width), move along without
    noise. What comes in at a border repeats the border. All other arrays are as they were.
    """
    changed = dict(heldout)
    for answers, inputs in INPUTS.items():
        if answers not in heldout or inputs not in heldout:
            continue
        images = heldout[inputs]
        sides = rng.integers(len(SIDES), size=len(images))
        noise = NOISE * rng.standard_normal(images.shape, np.float32)
        low, high = images.min(initial=0.0), images.max(initial=1.0)  # clean images end at black and white
        changed[inputs] = np.clip(_moved(images, sides) + noise, low, high).astype(images.dtype)
        if heldout[answers].ndim > 1:
            changed[answers] = _moved(heldout[answers], sides)
    return changed


def _moved(images: Stack, sides: npt.NDArray[np.int64]) -> Stack:
    """images: (n, …, height, width); sides: (n,) places in SIDES."""
    height, width = images.shape[-2:]
    frame = [(0, 0)] * (images.ndim - 2) + [(1, 1), (1, 1)]
    padded = np.pad(images, frame, mode="edge")
    moved = np.empty_like(images)
    for number, (down, right) in enumerate(SIDES):
        chosen = sides == number
        moved[chosen] = padded[chosen][..., 1 - down : 1 - down + height, 1 - right : 1 - right + width]
    return moved


def _mean(report: Report, metric: str) -> float:
    if report.verdict is not Verdict.SCORED:
        said = report.failure.message if report.failure else report.log
        raise HeldoutError(
            "the stability probe was not scored", where=said, next_step="grade the submission again"
        )
    return float(report.items[metric].mean())
