"""A small residual U-Net that predicts the noise and subtracts it.

Idea.  The network sees the noisy image y = x + σ·n and predicts the noise, so the estimate is
    x̂ = clip(y − f(y), 0, 1).
Predicting the residual leaves the identity to the skip connection and the hard part to the weights
(Zhang et al. 2017, "Beyond a Gaussian Denoiser", DnCNN). The U shape (Ronneberger et al. 2015) lets a pixel
of the output see the whole garment: 28 → 14 → 7 and back, with the finer maps handed across.
At test time the image and its mirror image are both denoised and the two answers averaged.

244k parameters. Trained by `train.py`, which states steps, hardware, time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# ---------------------------------------------------------------- hyper-parameters

WIDTHS = (24, 48, 88)  # channels at 28×28, 14×14, 7×7

# ---------------------------------------------------------------- the network


def double_conv(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.ReLU(),
    )


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = WIDTHS
        self.down_fine = double_conv(1, fine)
        self.down_middle = double_conv(fine, middle)
        self.bottom = double_conv(middle, coarse)
        self.to_middle = nn.ConvTranspose2d(coarse, middle, 2, stride=2)
        self.up_middle = double_conv(2 * middle, middle)
        self.to_fine = nn.ConvTranspose2d(middle, fine, 2, stride=2)
        self.up_fine = double_conv(2 * fine, fine)
        self.noise = nn.Conv2d(fine, 1, 3, padding=1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, noisy: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 1, 28, 28)
        fine = self.down_fine(noisy)  # (B, 24, 28, 28)
        middle = self.down_middle(self.pool(fine))  # (B, 48, 14, 14)
        coarse = self.bottom(self.pool(middle))  # (B, 88, 7, 7)
        middle = self.up_middle(torch.cat([self.to_middle(coarse), middle], dim=1))  # (B, 48, 14, 14)
        fine = self.up_fine(torch.cat([self.to_fine(middle), fine], dim=1))  # (B, 24, 28, 28)
        return noisy - self.noise(fine)


# ---------------------------------------------------------------- what the grader calls


class Denoiser:
    def __init__(self, network: UNet) -> None:
        self.network = network.eval()

    @torch.inference_mode()
    def denoise(self, noisy: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 1, 28, 28)
        mirrored = self.network(noisy.flip(-1)).flip(-1)
        return ((self.network(noisy) + mirrored) / 2).clamp(0, 1)


def load(folder: Path, device: torch.device) -> Denoiser:
    network = UNet()
    halves = load_file(folder / "weights.safetensors")  # stored as float16
    network.load_state_dict({name: half.float() for name, half in halves.items()})
    return Denoiser(network.to(device))
