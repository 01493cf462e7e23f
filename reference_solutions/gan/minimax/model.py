"""The generator of the first GAN's game: what one network makes, another tries to tell from real images.

Idea.  A generator G turns z ~ N(0, I) into images, a discriminator D says how likely an image is real; each
is trained against the other, in one game with one value (Goodfellow et al. 2014, eq. 1):
    min_G max_D  V = E_x log D(x) + E_z log(1 − D(G(z)))
Against the best D this is, but for constants, twice the Jensen-Shannon divergence of real and generated
images (theorem 1), so the best G has the real distribution. But while D knows better, log(1 − D) is flat, and
G learns next to nothing from it: it saturates. Whether the small D of `train.py` comes to that was not
measured; the score shows no sign of it.

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
