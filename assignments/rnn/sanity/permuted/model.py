"""Answers about each stream with what it predicts of the one before it in the batch."""

from pathlib import Path

import torch
from torch import Tensor

SYMBOLS = 63


class Permuted:
    def start(self, batch: int) -> None:
        return None

    def step(self, tokens: Tensor, state: None) -> tuple[Tensor, None]:
        logits = torch.nn.functional.one_hot(tokens, SYMBOLS).float()
        return logits.roll(1, dims=0), None


def load(folder: Path, device: torch.device) -> Permuted:
    return Permuted()
