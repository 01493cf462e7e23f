"""The generator of a Wasserstein GAN: its opponent measures how far its images are from real ones.

Idea.  The divergence behind ../../../reference_solutions/gan/minimax says only that two distributions don't
overlap, not by how much. The Wasserstein distance does, and has a slope wherever they lie (Arjovsky, Chintala
& Bottou 2017, eq. 2):
    W = max over c with |c(x) − c(y)| ≤ ‖x − y‖ of  E_x c(x) − E_z c(G(z))
So the opponent is a critic c, which gives a number and no probability; the generator raises E_z c(G(z)). What
keeps c from ever steeper slopes is that its weights are clipped: |w| ≤ 0.01 (algorithm 1 there). That bounds
the slope indeed, but leaves only few of the functions so bounded: ../wgan_gp has another way.

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
