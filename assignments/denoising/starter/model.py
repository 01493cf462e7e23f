"""Your denoiser. The grader calls load() once and then denoise() with batches of noisy images.

This one is a small convolutional network: it looks at the 15×15 pixels around each place and says what
the pixels there should be. It runs as it is; `python train.py` makes its weights. Change what you like, as
long as load() stays.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

CHANNELS = 16


def network() -> nn.Sequential:
    """Four 3×3 convolutions, at half the resolution for speed: (B, 1, 28, 28) → (B, 1, 28, 28)."""
    return nn.Sequential(
        # A stride of 2 halves height and width: four times fewer pixels to compute for the layers between.
        nn.Conv2d(1, CHANNELS, kernel_size=3, stride=2, padding=1),  # (B, 16, 14, 14)
        nn.ReLU(),
        nn.Conv2d(CHANNELS, CHANNELS, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(CHANNELS, CHANNELS, kernel_size=3, padding=1),
        nn.ReLU(),
        # Four numbers for each place, which PixelShuffle lays out as the 2×2 pixels they stand for.
        nn.Conv2d(CHANNELS, 4, kernel_size=3, padding=1),  # (B, 4, 14, 14)
        nn.PixelShuffle(2),  # (B, 1, 28, 28)
    )


class Denoiser:
    def __init__(self, trained: nn.Module) -> None:
        # eval() switches dropout and batch normalisation to the way they should behave at test time. This
        # network has neither; the day you add one, forgetting this line costs you the submission.
        self.network = trained.eval()

    @torch.inference_mode()
    def denoise(self, noisy: Tensor) -> Tensor:
        """noisy: (B, 1, 28, 28) float32, for any B. Returns the same shape, values in [0, 1]."""
        return self.network(noisy).clamp(0, 1)


def load(folder: Path, device: torch.device) -> Denoiser:
    """What the grader calls first. `folder` holds the files you submitted, the weights among them."""
    trained = network()
    trained.load_state_dict(load_file(folder / "weights.safetensors"))
    return Denoiser(trained.to(device))
