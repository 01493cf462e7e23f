"""The generator of a small DCGAN, which is told of no classes.

Idea.  z ~ N(0, I) in 64 dimensions goes through a linear layer to 64 maps of 7×7; two transposed convolutions
with batch normalisation between them double the side twice (Radford, Metz & Chintala 2016, "DCGAN"):
    x = sigmoid(f(z)).
That there are shirts and shoes, and nothing between, it has to find out by itself.

237k parameters. Trained by `train.py`, which states steps, hardware, time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# ---------------------------------------------------------------- hyper-parameters

LATENT = 64
WIDTHS = (64, 32)  # channels at 7×7, 14×14

# ---------------------------------------------------------------- the network


def generator() -> nn.Sequential:  # (B, 64) → (B, 1, 28, 28) in [0, 1]
    coarse, middle = WIDTHS
    return nn.Sequential(
        nn.Linear(LATENT, coarse * 7 * 7),
        nn.Unflatten(1, (coarse, 7, 7)),
        nn.BatchNorm2d(coarse),
        nn.ReLU(),
        nn.ConvTranspose2d(coarse, middle, 4, stride=2, padding=1),  # (B, 32, 14, 14)
        nn.BatchNorm2d(middle),
        nn.ReLU(),
        nn.ConvTranspose2d(middle, 1, 4, stride=2, padding=1),  # (B, 1, 28, 28)
        nn.Sigmoid(),
    )


# ---------------------------------------------------------------- what the grader calls


class Sampler:
    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval()

    def latent_size(self) -> int:
        return LATENT

    @torch.inference_mode()
    def generate(self, z: Tensor) -> Tensor:  # (B, 64) → (B, 1, 28, 28)
        images: Tensor = self.network(z)
        return images


def load(folder: Path, device: torch.device) -> Sampler:
    network = generator()
    stored = load_file(folder / "weights.safetensors")  # as float16, but for how many batches there were
    counts = {name: value for name, value in network.state_dict().items() if not value.is_floating_point()}
    network.load_state_dict(counts | {name: value.float() for name, value in stored.items()})
    return Sampler(network.to(device))
