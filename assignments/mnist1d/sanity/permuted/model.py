"""Answers about each signal with what belongs to the one before it in the batch."""

from pathlib import Path

import torch
from torch import Tensor


class Permuted:
    def classify(self, signals: Tensor) -> Tensor:
        return signals[:, 0, :10].roll(1, dims=0)


def load(folder: Path, device: torch.device) -> Permuted:
    return Permuted()
