"""Your variational autoencoder. The grader calls encode() and decode() in separate processes.

This one has a hidden layer on either side. It runs as it is; `python train.py` makes its weights. Change what
you like, as long as load() stays.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

LATENT = 16
HIDDEN = 128


class VAE(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(),  # (B, 784)
            nn.Linear(784, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, 2 * LATENT),  # the mean and the log of the standard deviation
        )
        self.decoder = nn.Sequential(
            nn.Linear(LATENT, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, 784),
            nn.Unflatten(1, (1, 28, 28)),
        )

    def latent_size(self) -> int:
        """D, how many latent variables an image has: 1 to 256."""
        return LATENT

    @torch.inference_mode()
    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x: (B, 1, 28, 28) of zeros and ones. Returns mean and log_std of q(z|x), each (B, D)."""
        mean, log_std = self.encoder(x).chunk(2, dim=1)
        return mean, log_std

    @torch.inference_mode()
    def decode(self, z: Tensor) -> Tensor:
        """z: (B, D). Returns logits, (B, 1, 28, 28): a pixel is white with probability sigmoid(logit)."""
        return self.decoder(z)


def load(folder: Path, device: torch.device) -> VAE:
    """What the grader calls first. `folder` holds the files you submitted, the weights among them."""
    network = VAE()
    network.load_state_dict(load_file(folder / "weights.safetensors"))
    # eval() switches dropout and batch normalisation to the way they should behave at test time. This network
    # has neither; the day you add one, forgetting this line costs you the submission.
    return network.to(device).eval()
