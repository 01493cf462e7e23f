"""Does nothing: the noisy image is the answer, the floor that any denoiser must rise above.

    x̂ = clip(y, 0, 1)

Without the clip its PSNR would be 10·log10(1/σ²) = 6.02 dB at σ = 0.5; clipping what lies outside [0, 1]
(half of the noise on a black background) brings the rest.

Score: PSNR 9.29 ± 0.01 dB on the held-out images of a course; 9.30 ± 0.01 dB, SSIM .258 ± .002 on the
10,000 standard test images at σ = 0.5. No training; no time to speak of.
"""

from pathlib import Path

import torch
from torch import Tensor


class Identity:
    def denoise(self, noisy: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 1, 28, 28)
        return noisy.clamp(0, 1)


def load(folder: Path, device: torch.device) -> Identity:
    return Identity()
