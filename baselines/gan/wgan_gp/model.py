"""The generator of a Wasserstein GAN whose critic has slope 1 where it matters, by a penalty.

Idea.  As ../wgan_clipping: a critic c measures how far generated images are from real ones, as long as its
slope is nowhere above 1. The best such critic has slope 1 almost everywhere between the two; clipped weights
hardly ever come to that. So the slope itself is asked for (Gulrajani et al. 2017, eq. 3):
    L = E_z c(G(z)) − E_x c(x) + λ·E_x̂ (‖∇ c(x̂)‖ − 1)²,   x̂ = εx + (1 − ε)G(z),   ε ~ U(0, 1)
The last term needs the slope of a slope, which costs as much again as all the rest.

G is that of ../../../reference_solutions/gan/dcgan: 237k parameters. Trained by `train.py`, which states
steps, hardware, time and score.
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
