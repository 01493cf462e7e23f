"""Draws its answer from a generator that the image seeds: random, and yet a function."""

from pathlib import Path
from zlib import crc32

import torch
from torch import Tensor


class RandomByImage:
    def classify(self, images: Tensor) -> Tensor:
        return torch.stack([self.draw(image) for image in images])

    def draw(self, image: Tensor) -> Tensor:
        seed = crc32(image.numpy().tobytes())
        return torch.randn(10, generator=torch.Generator().manual_seed(seed))


def load(folder: Path, device: torch.device) -> RandomByImage:
    return RandomByImage()
