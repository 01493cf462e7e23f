"""Forgets to take the dimension of time off: (B, 1, V)."""

from pathlib import Path

import torch
from torch import Tensor

SYMBOLS = 63


class WrongShape:
    def start(self, batch: int) -> None:
        return None

    def step(self, tokens: Tensor, state: None) -> tuple[Tensor, None]:
        return torch.zeros(len(tokens), 1, SYMBOLS), None


def load(folder: Path, device: torch.device) -> WrongShape:
    return WrongShape()
