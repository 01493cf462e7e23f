"""Takes the logarithm of a frequency that is zero, and subtracts it from itself."""

from pathlib import Path

import torch
from torch import Tensor

SYMBOLS = 63


class NaN:
    def start(self, batch: int) -> None:
        return None

    def step(self, tokens: Tensor, state: None) -> tuple[Tensor, None]:
        logarithm = torch.zeros(len(tokens), SYMBOLS).log()
        return logarithm - logarithm, None


def load(folder: Path, device: torch.device) -> NaN:
    return NaN()
