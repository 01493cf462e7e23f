"""The median of each pixel's 3×3 neighbourhood: the classic against outliers (Tukey 1977), the wrong tool
here.

    x̂(i, j) = clip(median of y(i + a, j + b), 0, 1),   a, b ∈ {−1, 0, 1}
Beyond the border the image is mirrored. A median keeps edges and removes single wrong pixels. Gaussian noise
makes every pixel a little wrong, and there the median of nine varies more than a weighted mean of more does:
see ../gaussian.

Score: PSNR 14.11 ± 0.02 dB on the held-out images of a course; 13.41 ± 0.02 dB, SSIM .353 ± .002 on the
10,000 standard test images, which are sharper, at σ = 0.5.
No training; a few seconds of one CPU core for all of them.
"""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import pad, unfold


class Median:
    def denoise(self, noisy: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 1, 28, 28)
        neighbours = unfold(pad(noisy, (1, 1, 1, 1), mode="reflect"), kernel_size=3)  # (B, 9, 784)
        return neighbours.median(dim=1).values.view_as(noisy).clamp(0, 1)


def load(folder: Path, device: torch.device) -> Median:
    return Median()
