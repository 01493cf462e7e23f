"""Counts the pairs of symbols in the public text."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np


def build(folder: Path, public: Mapping[str, np.ndarray]) -> None:
    symbols, text = len(public["symbols"]), public["text"].astype(np.int64)
    counts = np.bincount(text[:-1] * symbols + text[1:], minlength=symbols**2).reshape(symbols, symbols)
    probability = (counts + 0.1) / (counts + 0.1).sum(axis=1, keepdims=True)
    np.save(folder / "bigrams.npy", np.log(probability).astype(np.float32))
