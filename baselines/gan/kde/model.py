"""Kernel density estimation: one of the training images, and a little noise about it.

Idea.  Put a bump on each of N images, here a Gaussian, and take the sum for the density (Parzen 1962):
    p(x) = 1/N Σₙ N(x; xₙ, h²S)
To draw from it is to draw one of the images, then noise. All that there is to choose is the kernel: too
narrow, and it repeats its images, too wide, and all becomes fog. In 784 dimensions none is right; so images
are described by their first 100 principal components, S is diagonal with their variances, and h twice what
makes other training images likeliest, for with that one too many are recognised: see `train.py`.

z has 101 numbers: the first says which of 7,000 images (its quantile among N(0, 1) is as likely in any
7,000th), the others are the noise. The components are kept as whole numbers from -127 to 127, 0.9 MB. Made by
`train.py`, which states time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor


class Kernels:
    def __init__(self, mean: Tensor, basis: Tensor, points: Tensor, noise: Tensor) -> None:
        self.mean, self.basis = mean, basis  # (784,), (784, 100)
        self.points, self.noise = points, noise  # (7000, 100), (100,): h√S

    def latent_size(self) -> int:
        return 1 + self.basis.shape[1]

    def generate(self, z: Tensor) -> Tensor:  # (B, 101) → (B, 1, 28, 28)
        quantile = torch.special.ndtr(z[:, 0].double())  # (B,) in [0, 1]
        n = (quantile * len(self.points)).long().clamp(max=len(self.points) - 1)
        where = self.points[n] + self.noise * z[:, 1:]  # (B, 100)
        return (self.mean + where @ self.basis.T).clamp(0, 1).view(-1, 1, 28, 28)


def load(folder: Path, device: torch.device) -> Kernels:
    stored = load_file(folder / "weights.safetensors", device=str(device))
    return Kernels(*(stored[name].float() for name in ("mean", "basis", "points", "noise")))
