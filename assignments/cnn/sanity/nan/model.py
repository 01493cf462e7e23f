"""The logarithm of a probability that is zero, times zero: a training that diverged looks alike."""

from pathlib import Path

import torch
from torch import Tensor


class Diverged:
    def classify(self, images: Tensor) -> Tensor:
        return 0 * torch.zeros(len(images), 10).log()


def load(folder: Path, device: torch.device) -> Diverged:
    return Diverged()
