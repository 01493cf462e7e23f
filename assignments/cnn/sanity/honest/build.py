"""Writes the mean image of each class."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def build(folder: Path, public: Mapping[str, npt.NDArray[Any]]) -> None:
    images, labels = public["images"].reshape(-1, 784), public["labels"]
    means = np.stack([images[labels == label].mean(axis=0) for label in range(10)])
    np.save(folder / "means.npy", (means / 255).astype(np.float32))
