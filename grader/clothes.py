"""Fashion-MNIST as most assignments on it want it: split by the course's seed, every image rendered anew."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from grader.datasets import HANDED_OUT_CLOTHES, fashion_mnist, split_clothes, stream
from grader.rendering import render

Stack = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Clothes:
    """Three parts without an image in common, (count, 28, 28) each: to train on, to be shown, held out."""

    images: Stack
    examples: Stack
    heldout: Stack


def rendered_clothes(source: Path | None, seed: int, n: int, *, examples: int, slug: str) -> Clothes:
    """50,000 images to train on, so many examples, n held-out items; `slug` names the renderings' streams.

    `source` is the data set's folder (None: where `fashion_mnist` finds it). Raises HeldoutError when it
    is missing or damaged.
    """
    images = fashion_mnist(source).images
    held, shown, rest = split_clothes(seed, examples, HANDED_OUT_CLOTHES)
    return Clothes(
        images=render(images[rest], stream(seed, f"{slug}: renderings of the images")),
        examples=render(images[shown], stream(seed, f"{slug}: renderings of the examples")),
        heldout=render(images[held[:n]], stream(seed, f"{slug}: renderings of the held-out items")),
    )
