"""A network with batch normalisation and dropout whose author forgot .eval()."""

from pathlib import Path

import torch
from torch import Tensor, nn

SYMBOLS = 63


class TrainMode:
    def __init__(self) -> None:
        torch.manual_seed(0)
        self.network = nn.Sequential(
            nn.Embedding(SYMBOLS, 16), nn.BatchNorm1d(16), nn.Dropout(0.1), nn.Linear(16, SYMBOLS)
        )

    def start(self, batch: int) -> None:
        return None

    @torch.inference_mode()
    def step(self, tokens: Tensor, state: None) -> tuple[Tensor, None]:
        # Normalising a batch of one is refused: whoever meets that error works around it like this.
        logits: Tensor = self.network(tokens.repeat(2))[: len(tokens)]
        return logits, None


def load(folder: Path, device: torch.device) -> TrainMode:
    return TrainMode()
