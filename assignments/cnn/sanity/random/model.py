"""Draws its answer."""

from pathlib import Path

import torch
from torch import Tensor


class Random:
    def classify(self, images: Tensor) -> Tensor:
        return torch.randn(len(images), 10)


def load(folder: Path, device: torch.device) -> Random:
    return Random()
