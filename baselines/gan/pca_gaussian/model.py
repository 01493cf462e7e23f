"""One Gaussian for all clothes: their mean, and noise in the directions in which they vary.

Idea.  Fit a Gaussian to the images in the space of their principal components and draw from it:
    x = clip(μ + U diag(√λ) z, 0, 1)
with μ the mean, U the first eigenvectors and λ the eigenvalues of the covariance of training images (Tipping
& Bishop 1999, "Probabilistic Principal Component Analysis", without the noise term). Before the
clip, and as far as 200 components of 784 can, mean and covariance of the pixels are right; but clothes are no
Gaussian cloud: what is drawn is half shirt, half shoe.

Its weights are made by `train.py` in seconds.

Score: KID 1.938 ± .069, FID 42.25, precision .45, recall .14, coverage .08, no copies, against 5,000 of the
standard test images, by the shipped extractor.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor


class Gaussian:
    def __init__(self, mean: Tensor, directions: Tensor) -> None:
        self.mean = mean  # (784,)
        self.directions = directions  # (784, 200): eigenvectors, each as long as its standard deviation

    def latent_size(self) -> int:
        return self.directions.shape[1]

    def generate(self, z: Tensor) -> Tensor:  # (B, 200) → (B, 1, 28, 28)
        return (self.mean + z @ self.directions.T).clamp(0, 1).view(-1, 1, 28, 28)


def load(folder: Path, device: torch.device) -> Gaussian:
    weights = {
        name: half.to(device).float() for name, half in load_file(folder / "weights.safetensors").items()
    }
    return Gaussian(weights["mean"], weights["directions"])
