"""An undercomplete autoencoder: whatever goes in, what comes out fits through sixteen numbers.

Idea.  An encoder f squeezes the image into a code, a decoder g makes an image of it again (Rumelhart, Hinton
& Williams 1986; with several layers Hinton & Salakhutdinov 2006):
    y (784) → 256 → code (16) → 256 → x̂ (784),   trained so that g(f(x)) ≈ x for clean images x.
There are far fewer numbers in the middle than pixels, so it has to learn what clothes have in common, and
can say nothing else: of a noisy image, too, it makes clothes. It is principal components with a bend
(../pca): without the ReLUs it would find the same plane.

It never saw noise, and loses to ../pca because of that: clean images it gives back at 20.3 dB, those planes
at 19.2, but noisy ones at 16.9 and 17.3 (training images). Noise throws a point off sideways, which laying it
onto a plane undoes; an encoder that bends, and was taught nothing about what lies beside the clean images,
throws it further. After 800 `STEPS` instead of 4,000 it still had 17.1. Whoever shows it noise while it
learns can have 250 numbers in the middle, and more than 19 dB
(../../../reference_solutions/denoising/fc_dae).

411k parameters. Trained by `train.py`, which states steps, hardware and time.

Score: PSNR 16.85 ± 0.03 dB, SSIM .469 ± .003 on the 10,000 held-out images of course seed 1, after training
on that course's 50,000.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# ---------------------------------------------------------------- hyper-parameters

PIXELS, HIDDEN, CODE = 784, 256, 16

# ---------------------------------------------------------------- the network


def autoencoder() -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(),  # (B, 1, 28, 28) → (B, 784)
        nn.Linear(PIXELS, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, CODE),  # the code: any numbers, no bend
        nn.Linear(CODE, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, PIXELS),
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
