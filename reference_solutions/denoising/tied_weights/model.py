"""A denoising autoencoder whose decoder is its encoder turned round: one matrix for both ways.

Idea.  One layer of 600 features looks at the noisy image, and the same features draw the clean one
(Vincent et al. 2010, "Stacked Denoising Autoencoders", there with a sigmoid):
    h = ReLU(W y + b),   x̂ = clip(Wᵀ h + c, 0, 1).
A feature that is found in the image is put back where it was found; the ReLU with its bias decides which are
there and which are only noise. Tying the weights halves their number, and for as many bytes the code can be
twice as long; it also keeps encoder and decoder from growing against each other. The linear ancestor is the
Wiener filter, U diag(s) Uᵀ (../../../baselines/denoising/wiener), which shrinks each of its features by a
fixed share, whatever the image.

472k parameters. Trained by `train.py`, which states steps, hardware and time.

Score: PSNR 19.61 ± 0.03 dB, SSIM .629 ± .003 on the 10,000 held-out images of course seed 1, after training
on that course's 50,000. On the 10,000 standard test images, which are sharper than those it was trained on,
18.36 ± 0.03; ../fc_dae, which was trained on sharp and on rendered ones, has 19.42 and 19.04.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import linear, relu

# ---------------------------------------------------------------- hyper-parameters

PIXELS, HIDDEN = 784, 600

# ---------------------------------------------------------------- the network


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(PIXELS, HIDDEN)
        self.offset = nn.Parameter(torch.zeros(PIXELS))

    def forward(self, noisy: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 1, 28, 28)
        code = relu(self.encoder(noisy.flatten(1)))  # (B, 600)
        return linear(code, self.encoder.weight.T, self.offset).view_as(noisy)


# ---------------------------------------------------------------- what the grader calls


class Denoiser:
    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval()

    @torch.inference_mode()
    def denoise(self, noisy: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 1, 28, 28)
        output: Tensor = self.network(noisy)
        return output.clamp(0, 1)


def load(folder: Path, device: torch.device) -> Denoiser:
    network = Tied()
    halves = load_file(folder / "weights.safetensors")  # stored as float16
    network.load_state_dict({name: half.float() for name, half in halves.items()})
    return Denoiser(network.to(device))
