"""A network with batch normalisation whose author forgot .eval()."""

from pathlib import Path

import torch
from torch import Tensor, nn


class TrainMode:
    def __init__(self) -> None:
        torch.manual_seed(0)
        self.network = nn.Sequential(
            nn.Conv1d(1, 4, 5, padding=2), nn.BatchNorm1d(4), nn.ReLU(), nn.Flatten(), nn.Linear(160, 10)
        )

    @torch.inference_mode()
    def classify(self, signals: Tensor) -> Tensor:
        logits: Tensor = self.network(signals)
        return logits


def load(folder: Path, device: torch.device) -> TrainMode:
    return TrainMode()
