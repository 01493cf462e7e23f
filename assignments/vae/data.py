"""Fashion-MNIST split by the course's secret seed and rendered anew, its pixels drawn to black or white."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from grader.datasets import fashion_mnist, split, stream
from grader.errors import HeldoutError
from grader.rendering import render
from grader.spec import Prepared

HELDOUT = 10_000  # items held out
EXAMPLES = 32  # binarised, handed out for the check
HANDED_OUT = 50_000  # fewer than are left, so that what is missing isn't what is held out
SMALLEST_PUBLIC = 64  # items, so that the public board of a small profile still has an interval worth showing


def prepare(source: Path | None, seed: int, size: int | None) -> Prepared:
    """Draw one course's data from the data set in `source` (None: where `fashion_mnist` finds it).

    public: images (50000, 28, 28) uint8, grey, to train on; binary (32, 1, 28, 28) float32 in {0, 1},
    examples that are not among `images`. heldout: grey (n, 28, 28) uint8, binary (n, 1, 28, 28) float32,
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
    shown = render(images[examples], stream(seed, "vae: renderings of the examples"))
    hidden = render(images[held[:n]], stream(seed, "vae: renderings of the held-out items"))
    return Prepared(
        public={
            "images": render(images[rest], stream(seed, "vae: renderings of the images")),
            "binary": binarise(shown, stream(seed, "vae: pixels of the examples")),
        },
        heldout={
            "grey": hidden,
            "binary": binarise(hidden, stream(seed, "vae: pixels of the held-out items")),
            "public": np.arange(n) < max(n // 5, min(n // 2, SMALLEST_PUBLIC)),
        },
    )


def binarise(images: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Each pixel is 1 with the probability of its grey value. images: (n, 28, 28); returns (n, 1, 28, 28).

    Salakhutdinov & Murray 2008. A density of 8-bit values on the real line would have no upper bound.
    """
    grey = images[:, np.newaxis] / np.float32(255)
    return (rng.random(grey.shape, dtype=np.float32) < grey).astype(np.float32)
