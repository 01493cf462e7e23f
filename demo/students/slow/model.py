"""Non-local means, straight from the formula: every pixel is compared with all around it, in Python.

The idea is sound (Buades, Coll & Morel 2005): average the pixels whose surroundings look alike. The loops
are not: some 7,000 comparisons an image, each a call into torch.
"""

import math
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import pad

PATCH = 2  # radius of the surroundings that are compared, in pixels
SEARCH = 1  # how far away a pixel may be to be averaged in
STRENGTH = 0.35


def weight(here: Tensor, there: Tensor) -> float:
    distance = float((here - there).square().mean())
    return math.exp(-distance / STRENGTH)


def denoise_image(image: Tensor) -> Tensor:  # (28, 28) → (28, 28)
    margin = PATCH + SEARCH
    padded = pad(image[None, None], (margin,) * 4, mode="reflect")[0, 0]
    patches = padded.unfold(0, 2 * PATCH + 1, 1).unfold(1, 2 * PATCH + 1, 1)  # (30, 30, 5, 5)
    result = torch.zeros_like(image)
    for row in range(28):
        for column in range(28):
            here = patches[row + SEARCH, column + SEARCH]
            total = weights = 0.0
            for down in range(2 * SEARCH + 1):
                for right in range(2 * SEARCH + 1):
                    there = patches[row + down, column + right]
                    w = weight(here, there)
                    total += w * float(there[PATCH, PATCH])
                    weights += w
            result[row, column] = total / weights
    return result


class NonLocalMeans:
    def denoise(self, noisy: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 1, 28, 28)
        return torch.stack([denoise_image(image) for image in noisy[:, 0]])[:, None].clamp(0, 1)


def load(folder: Path, device: torch.device) -> NonLocalMeans:
    return NonLocalMeans()
