"""A convolutional denoising autoencoder: squeezed in space, 28 → 14 → 7, and unfolded again.

Idea.  A weight belongs to a pattern, not to a place (LeCun et al. 1989; stacked into autoencoders by Masci et
al. 2011): what is learnt about an edge in one place is known everywhere, which the fully connected one
(../fc_dae) has to learn for each pixel.
    y (1, 28, 28) → (32, 14, 14) → code (64, 7, 7) → (32, 14, 14) → x̂ (1, 28, 28)
Going down, strides of 2 make each number see more of the garment; going up, transposed convolutions unfold
it. All that the decoder knows comes through the middle: unlike in ../unet there are no finer maps handed
across, and it draws the clean image itself, not the noise. The middle is not narrow, 3,136 numbers for 784
pixels: what keeps it from copying is that it must not copy the noise.

141k parameters. Trained by `train.py`, which states steps, hardware and time.

Score: PSNR 20.25 ± 0.03 dB, SSIM .685 ± .003 on the 10,000 held-out images of course seed 1, after training
on that course's 50,000. On the 10,000 standard test images 18.88 ± 0.03: they are sharper than those it was
trained on, which a course turns and stretches. ../unet was trained on sharp ones; it has 19.88 and 19.81.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# ---------------------------------------------------------------- the network


def autoencoder() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 32, 4, stride=2, padding=1),  # (B, 32, 14, 14)
        nn.ReLU(),
        nn.Conv2d(32, 64, 4, stride=2, padding=1),  # (B, 64, 7, 7)
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1),  # the code
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1),  # (B, 32, 14, 14)
        nn.ReLU(),
        nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1),  # (B, 1, 28, 28)
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
