"""A sparse autoencoder: many features, of which each image may use only a few.

Idea.  Not a narrow middle but a penalty keeps it from copying: with features w_j of length 1,
    h_j = max(0, w_j · x + b_j),   g = Σ_j h_j w_j + c,   trained on |g − x|² + λ Σ_j h_j,   x̂ = clip(g, 0, 1)
(Ng 2011, "Sparse autoencoder", there with another penalty; the L1 norm of a code is one of those of Olshausen
& Field 1996, and like the lasso's, Tibshirani 1996). The penalty on h is what makes most of them 0. That w_j
has length 1 is needed: else h could be made small, and w_j as much larger, at no cost to the image.

Of its 200 features a clean image uses 15 on average, a noisy one 30: it learns from clean images alone, and
noise is what it is least prepared for. Every feature answers to noise, with a standard deviation of σ = 0.5,
and those are kept whose answer is positive. And the penalty makes all features too small, so that even clean
images come back at 18.2 dB only. So it does no better than ../pca. The same network shown noise while it
learns is a good denoiser: ../../../reference_solutions/denoising/tied_weights.

158k parameters. Trained by `train.py`, which states steps, hardware and time.

Score: PSNR 17.18 ± 0.03 dB, SSIM .466 ± .003 on the 10,000 held-out images of course seed 1, after training
on that course's 50,000.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import linear, normalize, relu

# ---------------------------------------------------------------- hyper-parameters

PIXELS, HIDDEN = 784, 200

# ---------------------------------------------------------------- the network


class Sparse(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Parameter(torch.randn(HIDDEN, PIXELS))  # used with length 1
        self.bias = nn.Parameter(torch.zeros(HIDDEN))
        self.offset = nn.Parameter(torch.zeros(PIXELS))

    def encode(self, images: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 200)
        return relu(linear(images.flatten(1), normalize(self.features), self.bias))

    def decode(self, code: Tensor) -> Tensor:  # (B, 200) → (B, 1, 28, 28)
        return linear(code, normalize(self.features).T, self.offset).view(-1, 1, 28, 28)

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(self.encode(images))


# ---------------------------------------------------------------- what the grader calls


class Denoiser:
    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval()

    @torch.inference_mode()
    def denoise(self, noisy: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 1, 28, 28)
        output: Tensor = self.network(noisy)
        return output.clamp(0, 1)


def load(folder: Path, device: torch.device) -> Denoiser:
    network = Sparse()
    halves = load_file(folder / "weights.safetensors")  # stored as float16
    network.load_state_dict({name: half.float() for name, half in halves.items()})
    return Denoiser(network.to(device))
