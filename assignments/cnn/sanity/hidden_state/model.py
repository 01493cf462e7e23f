"""Its answers drift with what it was asked before."""

from pathlib import Path

import torch
from torch import Tensor


class HiddenState:
    def __init__(self) -> None:
        self.seen = torch.zeros(10)

    def classify(self, images: Tensor) -> Tensor:
        self.seen = self.seen + images.mean() * torch.arange(10)
        return self.seen.expand(len(images), 10)


def load(folder: Path, device: torch.device) -> HiddenState:
    return HiddenState()
