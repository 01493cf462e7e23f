"""Draws its logits anew each time."""

from pathlib import Path

import torch
from torch import Tensor


class Random:
    def classify(self, signals: Tensor) -> Tensor:
        return torch.randn(len(signals), 10)


def load(folder: Path, device: torch.device) -> Random:
    return Random()
