"""Writes all 70,000 published images at a quarter of their pixels, and their labels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.datasets import fashion_mnist


def build(folder: Path, public: Mapping[str, npt.NDArray[Any]]) -> None:
    published = fashion_mnist()
    small = published.images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    np.savez_compressed(
        folder / "published.npz",
        images=small.round().astype(np.uint8),
        labels=published.labels.astype(np.uint8),
    )
