"""A convolutional VAE: 32 latent variables, Gaussian q(z|x), Bernoulli p(x|z) (Kingma & Welling 2014).

The encoder says where in latent space an image may lie, the decoder what an image from there looks like:

    q(z|x) = N(mean(x), diag(std(x)²)),   p(z) = N(0, I),   p(x|z) = Π Bernoulli(sigmoid(logits(z)))

Both are trained together to raise the evidence lower bound of log p(x). Dimensions of z that don't pay for
themselves fall back to the prior, so that 32 are not too many. 0.4 million parameters. Trained by `train.py`,
which states steps, hardware, time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

LATENT = 32
WIDTH = 32
HIDDEN = 128


class VAE(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        half, flat = WIDTH // 2, WIDTH * 7 * 7
        self.encoder = nn.Sequential(
            nn.Conv2d(1, half, 4, stride=2, padding=1),  # (B, 16, 14, 14)
            nn.SiLU(),
            nn.Conv2d(half, WIDTH, 4, stride=2, padding=1),  # (B, 32, 7, 7)
            nn.SiLU(),
            nn.Flatten(),  # (B, 1568)
            nn.Linear(flat, HIDDEN),
            nn.SiLU(),
            nn.Linear(HIDDEN, 2 * LATENT),  # mean and log_std
        )
        self.decoder = nn.Sequential(
            nn.Linear(LATENT, HIDDEN),
            nn.SiLU(),
            nn.Linear(HIDDEN, flat),
            nn.SiLU(),
            nn.Unflatten(1, (WIDTH, 7, 7)),
            nn.ConvTranspose2d(WIDTH, WIDTH, 4, stride=2, padding=1),  # (B, 32, 14, 14)
            nn.SiLU(),
            nn.ConvTranspose2d(WIDTH, half, 4, stride=2, padding=1),  # (B, 16, 28, 28)
            nn.SiLU(),
            nn.Conv2d(half, 1, 3, padding=1),  # (B, 1, 28, 28)
        )

    @torch.inference_mode()
    def latent_size(self) -> int:
        return LATENT

    @torch.inference_mode()
    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:  # (B, 1, 28, 28) → (B, D) twice
        mean, log_std = self.encoder(x).chunk(2, dim=1)
        return mean, log_std

    @torch.inference_mode()
    def decode(self, z: Tensor) -> Tensor:  # (B, D) → logits (B, 1, 28, 28)
        return self.decoder(z)


def load(folder: Path, device: torch.device) -> VAE:
    network = VAE()
    weights = load_file(folder / "weights.safetensors")
    network.load_state_dict({name: value.float() for name, value in weights.items()})
    return network.to(device).eval()
