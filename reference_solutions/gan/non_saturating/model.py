"""The generator of a GAN whose loss doesn't fade while the discriminator is ahead.

Idea.  In the game of ../minimax G lowers log(1 − D(G(z))), which is flat where D is sure that an image is
made up: just where G has most to learn. So G raises log D(G(z)) instead (Goodfellow et al. 2014, §3):
    D  raises  E_x log D(x) + E_z log(1 − D(G(z))),   G  raises  E_z log D(G(z))
Both games come to rest at the same point, but this is no longer a game with one value. It is what most GANs
have used since.

G is that of ../dcgan: 237k parameters, transposed convolutions from 7×7 to 28×28 (Radford, Metz & Chintala
2016). Trained by `train.py`, which states steps, hardware, time and score.
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
