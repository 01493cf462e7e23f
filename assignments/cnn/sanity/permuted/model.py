"""Hands each image's answer to its neighbour in the batch: a wrong index, as bugs make them."""

from pathlib import Path

import torch
from torch import Tensor


class Permuted:
    def __init__(self, weight: Tensor) -> None:
        self.weight = weight  # (784, 10)

    def classify(self, images: Tensor) -> Tensor:
        return (images.flatten(1) @ self.weight).roll(1, dims=0)


def load(folder: Path, device: torch.device) -> Permuted:
    return Permuted(torch.randn(784, 10, generator=torch.Generator().manual_seed(0)))
