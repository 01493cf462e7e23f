"""The linear Wiener filter: the best that one fixed matrix can do.

Idea.  Clothes fill only a few of the 784 directions of pixel space, noise all of them alike. So turn the
image into the principal components of clean images, shrink each by how much of what is seen there is
signal, turn back:
    x̂ = clip(μ + U diag(λ / (λ + σ²)) Uᵀ (y − μ), 0, 1)
with μ the mean, U the eigenvectors and λ the eigenvalues of the covariance of clean training images.
Without the clip this has the least mean squared error of all affine estimates (Wiener 1949; e.g. Kay 1993,
"Fundamentals of Statistical Signal Processing: Estimation Theory", §12.5), the best of all if images were
Gaussian. Of the 784 components 300 are kept: with those of the training images as they are (`ROTATION`,
`STRETCH`, `SHEAR`, `SHIFT` and `GAIN` 0 in `train.py`) 784 (`COMPONENTS`) gave 17.72 dB on the standard test
images, 300 17.71, 100 17.61.

Its weights are made by `train.py` in seconds.

Score: PSNR 18.04 ± 0.03 dB, SSIM .537 ± .002 on the 10,000 held-out images of a course; 17.56 ± 0.03, .533 on
the 10,000 standard test images. Seconds of one CPU core for all of them.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

SIGMA = 0.5


class Wiener:
    def __init__(self, mean: Tensor, vectors: Tensor, values: Tensor) -> None:
        self.mean = mean  # (784,)
        self.matrix = (vectors * (values / (values + SIGMA**2))) @ vectors.T  # (784, 784)

    def denoise(self, noisy: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 1, 28, 28)
        estimate = self.mean + (noisy.flatten(1) - self.mean) @ self.matrix  # (B, 784)
        return estimate.view_as(noisy).clamp(0, 1)


def load(folder: Path, device: torch.device) -> Wiener:
    weights = {
        name: half.to(device).float() for name, half in load_file(folder / "weights.safetensors").items()
    }
    return Wiener(weights["mean"], weights["vectors"], weights["values"])
