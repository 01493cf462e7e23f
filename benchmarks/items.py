"""Writes items.npz: `python -m benchmarks.items` scores exemplars on held-out items, GANs on many draws.

Ten thousand items of each assignment, all that a course may have; of the text 380 streams, more than a course
has. Ten minutes on one thread, most of them for the GANs: a set has one score, so many sets are drawn.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from assignments.gan.evaluate import quantised
from benchmarks.protocols import called
from grader import catalogue
from grader.catalogue import HOME
from grader.datasets import fashion_mnist
from grader.prepared import Data
from grader.scoring.features import features, shipped
from grader.scoring.generation import Features, kid_and_half_width, standardise
from tests.assignments.in_process import scores, submission

ITEMS = Path(__file__).with_name("items.npz")
COURSE_SEED = 1
POOL, SET, DRAWS = 20_000, 2_000, 2_000  # images to draw from, in a set; sets
STREAMS = 380  # of the text: nearly all that its held-out blocks have

PAIRS = {
    "denoising": ("reference_solutions/denoising/unet", "reference_solutions/denoising/fc_dae"),
    "vae": ("reference_solutions/vae/conv_vae", "baselines/vae/linear_vae"),
    "cnn": ("reference_solutions/cnn/cnn", "baselines/cnn/logistic"),
    "rnn": ("reference_solutions/rnn/gru", "reference_solutions/rnn/elman"),
    "mnist1d": ("reference_solutions/mnist1d/cnn", "baselines/mnist1d/logistic"),
}

GANS = ("reference_solutions/gan/dcgan_r1", "reference_solutions/gan/dcgan")


def main() -> None:
    torch.set_num_threads(1)
    np.savez_compressed(ITEMS, allow_pickle=False, **dict(_scored()), **dict(_kids()))


def _scored() -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    for slug, folders in PAIRS.items():
        assignment = catalogue.find(slug)
        n = STREAMS * assignment.block if slug == "rnn" else assignment.items.largest
        prepared = assignment.prepare(None, COURSE_SEED, n)
        data = Data(prepared.public, prepared.heldout, "")
        for folder in folders:
            values = scores(assignment, data, submission(HOME / folder))[assignment.metric.name]
            yield f"{slug}/{Path(folder).name}", compact(values)


def _kids() -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """By model (DRAWS, 2): the KID of SET generated images from SET real ones, and its half-width."""
    rng = np.random.default_rng(COURSE_SEED)
    clothes = fashion_mnist().images
    real = features(clothes[rng.permutation(len(clothes))[:POOL]], shipped())
    for folder in GANS:
        ours = features(_generated(submission(HOME / folder)(), rng), shipped())
        draws = [_kid(ours, real, rng) for _ in range(DRAWS)]
        yield f"gan/{Path(folder).name}", np.array(draws, np.float32)


def _generated(model: Any, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    z = rng.standard_normal((POOL, model.latent_size()), np.float32)
    return quantised(called(model.generate, z).clip(0, 1))


def _kid(ours: Features, real: Features, rng: np.random.Generator) -> tuple[float, float]:
    """With replacement: the pools stand for all images that there could be."""
    drawn, seen = ours[rng.integers(POOL, size=SET)], real[rng.integers(POOL, size=SET)]
    return kid_and_half_width(standardise(drawn, seen), standardise(seen, seen))


def compact(values: npt.NDArray[np.floating]) -> npt.NDArray[np.generic]:
    """(n,) bytes of right and wrong, else float16: three digits of a score, which may be a score's noise."""
    if np.isin(values, (0, 1)).all():
        return values.astype(np.uint8)
    return values.astype(np.float16)


if __name__ == "__main__":
    main()
