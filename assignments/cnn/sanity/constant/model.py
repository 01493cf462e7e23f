"""Says class 0 of everything, and is sure of it."""

from pathlib import Path

import torch
from torch import Tensor


class Constant:
    def classify(self, images: Tensor) -> Tensor:
        logits = torch.zeros(len(images), 10)
        logits[:, 0] = 30
        return logits


def load(folder: Path, device: torch.device) -> Constant:
    return Constant()
