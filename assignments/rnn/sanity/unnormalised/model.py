"""Claims every symbol with a logit of 1,000, as if these were probabilities that nobody adds up."""

from pathlib import Path

import torch
from torch import Tensor

SYMBOLS = 63


class Unnormalised:
    def start(self, batch: int) -> None:
        return None

    def step(self, tokens: Tensor, state: None) -> tuple[Tensor, None]:
        return torch.full((len(tokens), SYMBOLS), 1_000.0), None


def load(folder: Path, device: torch.device) -> Unnormalised:
    return Unnormalised()
