"""A contractive autoencoder: its code hardly moves when the image moves a little.

Idea.  Rifai et al. 2011, "Contractive Auto-Encoders": beside the error on clean images, the slope of the code
is paid for. With J the matrix of the derivatives of h by x,
    h = sigmoid(W x + b),   g = Wᵀ h + c,   trained on |g − x|² + λ |J|²,   x̂ = clip(g, 0, 1)
    |J|² = Σ_j (h_j (1 − h_j))² |w_j|²   for a sigmoid
The penalty wants a code that is deaf to every direction, the error one that hears those in which clothes
differ: what remains is deaf to the others, and there most of the noise lies. For little noise that is what
training with noise does, too, with σ² for λ and the slope of the whole, decoder included (Alain & Bengio
2014, "What Regularized Auto-Encoders Learn"). The noise here is not little, and a slope says nothing of what
is far away: so it falls short of the one with tied weights that has seen noise (19.61 dB,
../../../reference_solutions/denoising/tied_weights). But it has seen none, and is better than the Wiener
filter (18.04, ../wiener), which knows σ, and than those that are kept from copying by few numbers or few
features (16.85 and 17.18, ../undercomplete, ../sparse).

315k parameters. Trained by `train.py`, which states steps, hardware and time.

Score: PSNR 18.79 ± 0.03 dB, SSIM .587 ± .003 on the 10,000 held-out images of course seed 1, after training
on that course's 50,000.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import linear

# ---------------------------------------------------------------- hyper-parameters

PIXELS, HIDDEN = 784, 400

# ---------------------------------------------------------------- the network


class Contractive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(PIXELS, HIDDEN)
        self.offset = nn.Parameter(torch.zeros(PIXELS))

    def encode(self, images: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 400)
        return torch.sigmoid(self.encoder(images.flatten(1)))

    def decode(self, code: Tensor) -> Tensor:  # (B, 400) → (B, 1, 28, 28)
        return linear(code, self.encoder.weight.T, self.offset).view(-1, 1, 28, 28)

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
    network = Contractive()
    halves = load_file(folder / "weights.safetensors")  # stored as float16
    network.load_state_dict({name: half.float() for name, half in halves.items()})
    return Denoiser(network.to(device))
