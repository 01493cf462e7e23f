"""Fashion-MNIST split by the course's secret seed and rendered anew, and the noise on it."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from grader.clothes import rendered_clothes
from grader.datasets import public_mask, stream
from grader.spec import Prepared

SIGMA = 0.5  # of the noise; images are in [0, 1]
EXAMPLES = 32  # pairs, noisy and clean, handed out for the check


def prepare(source: Path | None, seed: int, n: int) -> Prepared:
    """Draw one course's data from the data set in `source` (None: where `fashion_mnist` finds it).

    public: images (50000, 28, 28) uint8, clean, to train on; noisy and clean (32, 1, 28, 28) float32,
    examples that are not among `images`. heldout: clean (n, 28, 28) uint8, noisy (n, 1, 28, 28) float32,
    public (n,) bool. All images are rendered anew (`grader.rendering`). Raises HeldoutError when the data set
    is missing or damaged.
    """
    clothes = rendered_clothes(source, seed, n, examples=EXAMPLES, slug="denoising")
    return Prepared(
        public={
            "images": clothes.images,
            "noisy": add_noise(clothes.examples, stream(seed, "denoising: noise of the examples")),
            "clean": clothes.examples[:, np.newaxis] / np.float32(255),
        },
        heldout={
            "clean": clothes.heldout,
            "noisy": add_noise(clothes.heldout, stream(seed, "denoising: noise of the held-out items")),
            "public": public_mask(n),
        },
    )


def add_noise(images: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """y = x + σ·n, n ~ N(0, 1), not clipped. images: (n, 28, 28) uint8; returns (n, 1, 28, 28) float32."""
    clean = images[:, np.newaxis] / np.float32(255)
    return clean + np.float32(SIGMA) * rng.standard_normal(clean.shape, dtype=np.float32)
