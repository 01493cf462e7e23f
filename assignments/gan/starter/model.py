"""Your generator. The grader calls load() once and then generate() with batches of random numbers.

This one is a small DCGAN: a linear layer turns 64 random numbers into 64 maps of 7×7, two transposed
convolutions double the side twice. It runs as it is; `python train.py` makes its weights. Change what you
like, as long as load() stays.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

LATENT = 64  # random numbers that an image is made of


def network() -> nn.Sequential:
    """(B, 64) → pixels in [0, 1], (B, 1, 28, 28)."""
    return nn.Sequential(
        nn.Linear(LATENT, 64 * 7 * 7),
        nn.Unflatten(1, (64, 7, 7)),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        # A transposed convolution of stride 2 spreads each place over 4×4 pixels, two apart: twice the side.
        nn.ConvTranspose2d(64, 32, kernel_size=4, stride=2, padding=1),  # (B, 32, 14, 14)
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 1, kernel_size=4, stride=2, padding=1),  # (B, 1, 28, 28)
        nn.Sigmoid(),
    )


class Sampler:
    def __init__(self, trained: nn.Module) -> None:
        # Without eval() batch normalisation would use the mean of the batch at hand: an image would depend on
        # which others are made with it, and the submission would fail.
        self.network = trained.eval()

    def latent_size(self) -> int:
        return LATENT

    @torch.inference_mode()
    def generate(self, z: Tensor) -> Tensor:
        """z: (B, 64) float32, for any B. Returns (B, 1, 28, 28), values in [0, 1]."""
        return self.network(z)


def load(folder: Path, device: torch.device) -> Sampler:
    """What the grader calls first. `folder` holds the files you submitted, the weights among them."""
    trained = network()
    trained.load_state_dict(load_file(folder / "weights.safetensors"))
    return Sampler(trained.to(device))
