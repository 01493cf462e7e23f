"""Fashion-MNIST split by the course's secret seed and rendered anew, its pixels drawn to black or white."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from grader.clothes import rendered_clothes
from grader.datasets import public_mask, stream
from grader.spec import Prepared

EXAMPLES = 32  # binarised, handed out for the check


def prepare(source: Path | None, seed: int, n: int) -> Prepared:
    """Draw one course's data from the data set in `source` (None: where `fashion_mnist` finds it).

    public: images (50000, 28, 28) uint8, grey, to train on; binary (32, 1, 28, 28) float32 in {0, 1},
    examples that are not among `images`. heldout: grey (n, 28, 28) uint8, binary (n, 1, 28, 28) float32,
    public (n,) bool. All images are rendered anew (`grader.rendering`). Raises HeldoutError when the data set
    is missing or damaged.
    """
    clothes = rendered_clothes(source, seed, n, examples=EXAMPLES, slug="vae")
    return Prepared(
        public={
            "images": clothes.images,
            "binary": binarise(clothes.examples, stream(seed, "vae: pixels of the examples")),
        },
        heldout={
            "grey": clothes.heldout,
            "binary": binarise(clothes.heldout, stream(seed, "vae: pixels of the held-out items")),
            "public": public_mask(n),
        },
    )


def binarise(images: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Each pixel is 1 with the probability of its grey value. images: (n, 28, 28); returns (n, 1, 28, 28).

    Salakhutdinov & Murray 2008. A density of 8-bit values on the real line would have no upper bound.
    """
    grey = images[:, np.newaxis] / np.float32(255)
    return (rng.random(grey.shape, dtype=np.float32) < grey).astype(np.float32)
