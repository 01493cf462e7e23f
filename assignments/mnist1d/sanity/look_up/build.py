"""Puts all public signals with their labels beside the model."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np


def build(folder: Path, public: Mapping[str, np.ndarray]) -> None:
    signals = np.concatenate([public["signals"], public["examples"]])[:, 0]
    labels = np.concatenate([public["labels"], public["example_labels"]])
    np.savez(folder / "table.npz", signals=signals, labels=labels)
