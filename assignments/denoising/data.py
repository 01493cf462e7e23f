"""Fashion-MNIST split by the course's secret seed and rendered anew, and the noise on it."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from grader.datasets import fashion_mnist, split, stream
from grader.errors import HeldoutError
from grader.rendering import render
from grader.spec import Prepared

SIGMA = 0.5  # of the noise; images are in [0, 1]
HELDOUT = 10_000  # items held out
EXAMPLES = 32  # pairs, noisy and clean, handed out for the check
HANDED_OUT = 50_000  # fewer than are left, so that what is missing isn't what is held out
SMALLEST_PUBLIC = 64  # items, so that the public board of a small profile still has an interval worth showing


def prepare(source: Path | None, seed: int, size: int | None) -> Prepared:
    """Draw one course's data from the data set in `source` (None: where `fashion_mnist` finds it).

    public: images (50000, 28, 28) uint8, clean, to train on; noisy and clean (32, 1, 28, 28) float32,
    examples that are not among `images`. heldout: clean (n, 28, 28) uint8, noisy (n, 1, 28, 28) float32,
    public (n,) bool, where n = `size`, at most and by default 10,000; a fifth of them, but at least 64 of n
    ≥ 128, are the public board's. All images are rendered anew (`grader.rendering`). Raises HeldoutError
    when the data set is missing or damaged, or the size out of range.
    """
    n = HELDOUT if size is None else size
    if not 1 <= n <= HELDOUT:
        raise HeldoutError(
            f"{n} held-out items were asked for",
            expected=f"1 to {HELDOUT}",
            next_step="set `items` within that",
        )
    images = fashion_mnist(source).images
    held, examples, rest = split(len(images), seed, sizes=(HELDOUT, EXAMPLES, HANDED_OUT))
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
            "public": np.arange(n) < _public_items(n),
        },
    )


def add_noise(images: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """y = x + σ·n, n ~ N(0, 1), not clipped. images: (n, 28, 28) uint8; returns (n, 1, 28, 28) float32."""
    clean = images[:, np.newaxis] / np.float32(255)
    return clean + np.float32(SIGMA) * rng.standard_normal(clean.shape, dtype=np.float32)


def _public_items(n: int) -> int:
    return max(n // 5, min(n // 2, SMALLEST_PUBLIC))
