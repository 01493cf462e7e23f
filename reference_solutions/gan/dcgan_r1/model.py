"""The generator of a small DCGAN that first draws what to make, then makes it.

Idea.  z ~ N(0, I) in 64 dimensions. Which of its first ten numbers is the largest names one of the ten
classes: each wins equally often, as the classes do among the images. Class and z go through a linear layer to
64 maps of 7×7, and transposed convolutions (Radford, Metz & Chintala 2016, "DCGAN") double the side twice:
    x = sigmoid(f(z, onehot(argmax z₁…z₁₀))).
A class of its own is a smaller thing to learn than all clothes at once; and no class can be forgotten.

334k parameters. Trained by `train.py`, which states steps, hardware, time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# ---------------------------------------------------------------- hyper-parameters

LATENT = 64
CLASSES = 10
WIDTHS = (64, 64, 32)  # channels at 7×7, 14×14, 28×28

# ---------------------------------------------------------------- the network


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        coarse, middle, fine = WIDTHS
        self.first = nn.Linear(LATENT + CLASSES, coarse * 7 * 7)
        self.layers = nn.Sequential(
            nn.BatchNorm2d(coarse),
            nn.ReLU(),
            nn.ConvTranspose2d(coarse, middle, 4, stride=2, padding=1),  # (B, 64, 14, 14)
            nn.BatchNorm2d(middle),
            nn.ReLU(),
            nn.ConvTranspose2d(middle, fine, 4, stride=2, padding=1),  # (B, 32, 28, 28)
            nn.BatchNorm2d(fine),
            nn.ReLU(),
            nn.Conv2d(fine, 1, 3, padding=1),  # (B, 1, 28, 28)
        )

    def forward(self, z: Tensor) -> Tensor:  # (B, 64) → logits of pixels (B, 1, 28, 28)
        label = nn.functional.one_hot(classes(z), CLASSES).to(z.dtype)  # (B, 10)
        maps = self.first(torch.cat([z, label], dim=1)).view(-1, WIDTHS[0], 7, 7)
        logits: Tensor = self.layers(maps.contiguous(memory_format=torch.channels_last))
        return logits


def classes(z: Tensor) -> Tensor:  # (B, 64) → (B,) in 0…9
    return z[:, :CLASSES].argmax(dim=1)


# ---------------------------------------------------------------- what the grader calls


class Sampler:
    def __init__(self, network: Generator) -> None:
        self.network = network.eval()

    def latent_size(self) -> int:
        return LATENT

    @torch.inference_mode()
    def generate(self, z: Tensor) -> Tensor:  # (B, 64) → (B, 1, 28, 28) in [0, 1]
        return torch.sigmoid(self.network(z)).contiguous()


def load(folder: Path, device: torch.device) -> Sampler:
    network = Generator()
    stored = load_file(folder / "weights.safetensors")  # as float16, but for how many batches there were
    counts = {name: value for name, value in network.state_dict().items() if not value.is_floating_point()}
    network.load_state_dict(counts | {name: value.float() for name, value in stored.items()})
    return Sampler(network.to(device))
