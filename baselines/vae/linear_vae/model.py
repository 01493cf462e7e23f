"""A linear VAE: encoder and decoder are one matrix each, the posterior's width is the same for all images.

    q(z|x) = N(A·x + a, diag(s²)),   logits(z) = W·z + b

With Gaussian pixels this would be probabilistic PCA (Lucas, Tucker, Grosse & Norouzi 2019); with Bernoulli
pixels it is logistic PCA with an amortised posterior. How far a VAE can come without a single nonlinearity.

Score: ELBO -279.5 ± 1.5 nats on the 10,000 held-out images of a course, -265.4 ± 1.4 on the 10,000 standard
test images. Trained by `train.py` on images as they were published, and so unused to turned and shifted ones,
of which ../../../reference_solutions/vae/conv_vae has seen some; trained on a course's own it has -273.0 ±
2.2.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

LATENT = 32


class LinearVAE(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(784, LATENT)
        self.log_std = nn.Parameter(torch.zeros(LATENT))
        self.decoder = nn.Linear(LATENT, 784)

    def latent_size(self) -> int:
        return LATENT

    @torch.inference_mode()
    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:  # (B, 1, 28, 28) → (B, D) twice
        mean = self.encoder(x.flatten(1))
        return mean, self.log_std.expand_as(mean)

    @torch.inference_mode()
    def decode(self, z: Tensor) -> Tensor:  # (B, D) → (B, 1, 28, 28)
        return self.decoder(z).reshape(-1, 1, 28, 28)


def load(folder: Path, device: torch.device) -> LinearVAE:
    network = LinearVAE()
    weights = load_file(folder / "weights.safetensors")
    network.load_state_dict({name: value.float() for name, value in weights.items()})
    return network.to(device).eval()
