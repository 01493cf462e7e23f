"""A fully connected denoising autoencoder: the whole image in, the whole image out.

Idea.  Vincent et al. 2008, "Extracting and Composing Robust Features with Denoising Autoencoders": corrupt
an image and ask for the clean one back. Here it is squeezed through fewer numbers than it has pixels, too:
noise does not fit through the 250 in the middle, clothes do:
    y (784) → 250 → 250 → x̂ (784).
The linear Wiener filter (baselines/denoising/wiener) does the same with one projection for every image; the
two ReLU layers can choose another one for a boot than for a shirt. But each weight belongs to one pixel:
what the network learns about an edge in one place it does not know in the next. That is what convolutions
repair (../unet).

Trained by `train.py`, which states steps, hardware, time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# ---------------------------------------------------------------- hyper-parameters

PIXELS, CODE = 784, 250

# ---------------------------------------------------------------- the network


def autoencoder() -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(),  # (B, 1, 28, 28) → (B, 784)
        nn.Linear(PIXELS, CODE),
        nn.ReLU(),
        nn.Linear(CODE, CODE),
        nn.ReLU(),
        nn.Linear(CODE, PIXELS),
        nn.Unflatten(1, (1, 28, 28)),  # (B, 784) → (B, 1, 28, 28)
    )


# ---------------------------------------------------------------- what the grader calls


class Denoiser:
    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval()

    @torch.inference_mode()
    def denoise(self, noisy: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 1, 28, 28)
        output: Tensor = self.network(noisy)
        return output.clamp(0, 1)


def load(folder: Path, device: torch.device) -> Denoiser:
    network = autoencoder()
    halves = load_file(folder / "weights.safetensors")  # stored as float16
    network.load_state_dict({name: half.float() for name, half in halves.items()})
    return Denoiser(network.to(device))
