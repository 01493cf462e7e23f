"""Learns the frequencies of the symbols from all that it is ever told, on the model and not in the state."""

from pathlib import Path

import torch
from torch import Tensor

SYMBOLS = 63


class HiddenState:
    def __init__(self) -> None:
        self.counts = torch.ones(SYMBOLS)

    def start(self, batch: int) -> None:
        return None

    def step(self, tokens: Tensor, state: None) -> tuple[Tensor, None]:
        self.counts += torch.bincount(tokens, minlength=SYMBOLS)
        return self.counts.log().expand(len(tokens), -1), None


def load(folder: Path, device: torch.device) -> HiddenState:
    return HiddenState()
