"""Fashion-MNIST split by the course's secret seed and rendered anew, its pixels drawn to black or white."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from grader.datasets import fashion_mnist, public_mask, split_clothes, stream
from grader.rendering import render
from grader.spec import Prepared

EXAMPLES = 32  # binarised, handed out for the check
HANDED_OUT = 50_000  # fewer than are left, so that what is missing isn't what is held out


def prepare(source: Path | None, seed: int, n: int) -> Prepared:
    """Draw one course's data from the data set in `source` (None: where `fashion_mnist` finds it).

    public: images (50000, 28, 28) uint8, grey, to train on; binary (32, 1, 28, 28) float32 in {0, 1},
    examples that are not among `images`. heldout: grey (n, 28, 28) uint8, binary (n, 1, 28, 28) float32,
    public (n,) bool. All images are rendered anew (`grader.rendering`). Raises HeldoutError when the data set
    is missing or damaged.
    """
    images = fashion_mnist(source).images
    held, examples, rest = split_clothes(seed, EXAMPLES, HANDED_OUT)
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
            "public": public_mask(n),
        },
    )


def binarise(images: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Each pixel is 1 with the probability of its grey value. images: (n, 28, 28); returns (n, 1, 28, 28).

    Salakhutdinov & Murray 2008. A density of 8-bit values on the real line would have no upper bound.
    """
    grey = images[:, np.newaxis] / np.float32(255)
    return (rng.random(grey.shape, dtype=np.float32) < grey).astype(np.float32)
