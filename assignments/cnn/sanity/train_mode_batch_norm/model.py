"""A forgotten .eval(): normalises by the batch that the image happens to be in."""

from pathlib import Path

import torch
from torch import Tensor, nn


class Forgetful:
    def __init__(self, network: nn.Module) -> None:
        self.network = network

    @torch.no_grad()
    def classify(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images)
        return logits


def load(folder: Path, device: torch.device) -> Forgetful:
    torch.manual_seed(0)
    layers = (
        nn.Conv2d(1, 8, 3, stride=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 13 * 13, 10),
    )
    return Forgetful(nn.Sequential(*layers))
