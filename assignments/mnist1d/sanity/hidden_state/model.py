"""Subtracts the mean of all that it was ever shown."""

from pathlib import Path

import torch
from torch import Tensor


class HiddenState:
    def __init__(self) -> None:
        self.mean = torch.zeros(10)

    def classify(self, signals: Tensor) -> Tensor:
        logits = signals[:, 0, :10]
        self.mean = 0.9 * self.mean + 0.1 * logits.mean(dim=0)
        return logits - self.mean


def load(folder: Path, device: torch.device) -> HiddenState:
    return HiddenState()
