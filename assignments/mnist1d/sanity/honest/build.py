"""Takes the mean of each class in the public signals."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np


def build(folder: Path, public: Mapping[str, np.ndarray]) -> None:
    signals, labels = public["signals"][:, 0], public["labels"]
    means = np.stack([signals[labels == digit].mean(axis=0) for digit in range(10)])
    np.save(folder / "means.npy", means.astype(np.float32))
