"""An importance-weighted autoencoder: trained to explain an image by the best of several guesses.

Idea.  A VAE's bound takes one draw z from q(z|x), and q is taught never to guess wrong: each bad guess costs
in full. With K draws, weighted by how well they do, the bound is tighter (Burda, Grosse & Salakhutdinov
2016), up to log p(x) itself for many draws:
    L_K = E log 1/K Σ_k p(x, z_k)/q(z_k|x),   z_k ~ q(z|x) = N(mean(x), diag(std(x)²))
L₁ is the ELBO. Trained on L_8, the decoder may use more of the latent space, and q may guess more widely,
as long as one of eight guesses is good. It pays for that where only one counts, as on this board, which
scores L₁ so that no decoder can gain by seeing several z of one image: `train.py` states both.

Two hidden layers, one on either side, 0.4 million parameters. Trained by `train.py`, which states steps,
hardware, time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

LATENT = 32
HIDDEN = 256


class IWAE(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(),  # (B, 1, 28, 28) → (B, 784)
            nn.Linear(784, HIDDEN),
            nn.SiLU(),
            nn.Linear(HIDDEN, 2 * LATENT),  # mean and log_std
        )
        self.decoder = nn.Sequential(
            nn.Linear(LATENT, HIDDEN),
            nn.SiLU(),
            nn.Linear(HIDDEN, 784),
            nn.Unflatten(1, (1, 28, 28)),
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


def load(folder: Path, device: torch.device) -> IWAE:
    network = IWAE()
    weights = load_file(folder / "weights.safetensors")
    network.load_state_dict({name: value.float() for name, value in weights.items()})
    return network.to(device).eval()
