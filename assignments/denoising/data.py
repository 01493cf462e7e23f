"""Fashion-MNIST split by the course's secret seed and rendered anew, and the noise on it."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from grader.datasets import fashion_mnist, public_mask, split_clothes, stream
from grader.rendering import render
from grader.spec import Prepared

SIGMA = 0.5  # of the noise; images are in [0, 1]
EXAMPLES = 32  # pairs, noisy and clean, handed out for the check
HANDED_OUT = 50_000  # fewer than are left, so that what is missing isn't what is held out


def prepare(source: Path | None, seed: int, n: int) -> Prepared:
    """Draw one course's data from the data set in `source` (None: where `fashion_mnist` finds it).

    public: images (50000, 28, 28) uint8, clean, to train on; noisy and clean (32, 1, 28, 28) float32,
    examples that are not among `images`. heldout: clean (n, 28, 28) uint8, noisy (n, 1, 28, 28) float32,
    public (n,) bool. All images are rendered anew (`grader.rendering`). Raises HeldoutError when the data set
    is missing or damaged.
    """
    images = fashion_mnist(source).images
    held, examples, rest = split_clothes(seed, EXAMPLES, HANDED_OUT)
    shown = render(images[examples], stream(seed, "denoising: renderings of the examples"))
    hidden = render(images[held[:n]], stream(seed, "denoising: renderings of the held-out items"))
    return Prepared(
        public={
            "images": render(images[rest], stream(seed, "denoising: renderings of the images")),
            "noisy": add_noise(shown, stream(seed, "denoising: noise of the examples")),
            "clean": shown[:, np.newaxis] / np.float32(255),
        },
        heldout={
            "clean": hidden,
            "noisy": add_noise(hidden, stream(seed, "denoising: noise of the held-out items")),
            "public": public_mask(n),
        },
    )


def add_noise(images: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """y = x + σ·n, n ~ N(0, 1), not clipped. images: (n, 28, 28) uint8; returns (n, 1, 28, 28) float32."""
    clean = images[:, np.newaxis] / np.float32(255)
    return clean + np.float32(SIGMA) * rng.standard_normal(clean.shape, dtype=np.float32)
