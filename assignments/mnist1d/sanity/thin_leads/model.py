"""Says by leads too small for any repeat to notice what it learnt from the items before: here, at random."""

from pathlib import Path

import torch
from torch import Tensor

LEAD = 5e-4  # below what two answers about one item may differ by


class ThinLeads:
    def __init__(self) -> None:
        self.chance = torch.Generator()
        self.chance.seed()

    def classify(self, signals: Tensor) -> Tensor:
        return LEAD * torch.rand(len(signals), 10, generator=self.chance)


def load(folder: Path, device: torch.device) -> ThinLeads:
    return ThinLeads()
