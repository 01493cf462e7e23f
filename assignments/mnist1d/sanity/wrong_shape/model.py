"""Forgets to take the channel off: (B, 1, 10)."""

from pathlib import Path

import torch
from torch import Tensor


class WrongShape:
    def classify(self, signals: Tensor) -> Tensor:
        return signals[:, :, :10]


def load(folder: Path, device: torch.device) -> WrongShape:
    return WrongShape()
