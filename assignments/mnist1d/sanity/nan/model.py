"""Normalises each answer by a length that is zero."""

from pathlib import Path

import torch
from torch import Tensor


class NaN:
    def classify(self, signals: Tensor) -> Tensor:
        logits = torch.zeros(len(signals), 10)
        return logits / logits.norm(dim=1, keepdim=True)


def load(folder: Path, device: torch.device) -> NaN:
    return NaN()
