"""A Wasserstein autoencoder: the codes of a batch are compared with draws of the prior, as sets.

Idea.  To bring generated images near to real ones in the sense of optimal transport, it is enough to
reconstruct well from codes that are spread like the prior (Tolstikhin et al. 2018, theorem 1). Like
../adversarial_autoencoder it holds q(z) = E_x q(z|x) to N(0, I) and not every image's posterior; but by the
maximum mean discrepancy (Gretton et al. 2012), which needs no second network (Tolstikhin's algorithm 2):
    minimise  −E log p(x|z) + λ·MMD²(q(z), p(z)),   k(a, b) = 2D/(2D + ‖a − b‖²)
    MMD² = E k(z, z') + E k(u, u') − 2 E k(z, u)
with z, z' codes and u, u' draws of the prior. The cost of transport is −log p(x|z) here, for the pixels are
black or white.
The posterior's width is the same for all images and all dimensions, 0.3. Were it learnt it would shrink to
nothing, for only q(z), the mixture over all images, is held to the prior here, and that mixture can be as
smooth when each of its parts is narrow; this board asks what z costs of each image: −½ log 0.3² or 1.2 nats a
dimension.

Two hidden layers, one on either side, 0.4 million parameters. Trained by `train.py`, which states steps,
hardware, time and score.
"""

import math
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

LATENT = 16
HIDDEN = 256
STD = 0.3  # of q(z|x)


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(),  # (B, 1, 28, 28) → (B, 784)
            nn.Linear(784, HIDDEN),
            nn.SiLU(),
            nn.Linear(HIDDEN, LATENT),
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
        mean = self.encoder(x)
        return mean, torch.full_like(mean, math.log(STD))

    @torch.inference_mode()
    def decode(self, z: Tensor) -> Tensor:  # (B, D) → logits (B, 1, 28, 28)
        return self.decoder(z)


def load(folder: Path, device: torch.device) -> Autoencoder:
    network = Autoencoder()
    weights = load_file(folder / "weights.safetensors")
    network.load_state_dict({name: value.float() for name, value in weights.items()})
    return network.to(device).eval()
