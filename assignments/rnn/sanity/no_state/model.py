"""Returns the logits without the state."""

from pathlib import Path

import torch
from torch import Tensor

SYMBOLS = 63


class NoState:
    def start(self, batch: int) -> None:
        return None

    def step(self, tokens: Tensor, state: None) -> Tensor:
        return torch.zeros(len(tokens), SYMBOLS)


def load(folder: Path, device: torch.device) -> NoState:
    return NoState()
