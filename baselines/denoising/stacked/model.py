"""A deep denoising autoencoder that is built layer by layer, then trained as a whole.

Idea.  Vincent et al. 2010 ("Stacked Denoising Autoencoders"; with restricted Boltzmann machines Hinton &
Salakhutdinov 2006): each layer is first a denoising autoencoder of its own, on what the layer below makes of
the data; then all are unrolled,
    y (784) → 250 → 125 → 250 → x̂ (784),
and trained together. It was the way to train deep networks at all, before ReLUs, better initial weights and
better optimisers made it needless: a deep stack of sigmoids that starts at random hardly passes a gradient,
one that starts from features does.

Here it makes nothing better: the same network, all of it trained from the first step on, by as many steps and
the same schedule (`LOWER_ALONE` and `UPPER_ALONE` 0 in `train.py`), came to 19.47 ± 0.04 dB. What the layers
learn alone at the highest rates, for a third of the steps, the whole has to bend to its own ends. And 125
numbers in the middle are few: the single layer of ../../../reference_solutions/denoising/tied_weights, of
600, is better at less depth.

456k parameters. Trained by `train.py`, which states steps, hardware and time.

Score: PSNR 19.22 ± 0.04 dB, SSIM .607 ± .003 on the 10,000 held-out images of course seed 1, after training
on that course's 50,000. On the 10,000 standard test images, which are sharper than those it was trained on,
17.86 ± 0.03.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# ---------------------------------------------------------------- hyper-parameters

PIXELS, LOWER, UPPER = 784, 250, 125

# ---------------------------------------------------------------- the network


class Stack(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encode_lower = nn.Sequential(nn.Flatten(), nn.Linear(PIXELS, LOWER), nn.ReLU())
        self.encode_upper = nn.Sequential(nn.Linear(LOWER, UPPER), nn.ReLU())
        self.decode_upper = nn.Sequential(nn.Linear(UPPER, LOWER), nn.ReLU())
        self.decode_lower = nn.Sequential(nn.Linear(LOWER, PIXELS), nn.Unflatten(1, (1, 28, 28)))

    def forward(self, noisy: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 1, 28, 28)
        code = self.encode_upper(self.encode_lower(noisy))  # (B, 125)
        return self.decode_lower(self.decode_upper(code))


# ---------------------------------------------------------------- what the grader calls


class Denoiser:
    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval()

    @torch.inference_mode()
    def denoise(self, noisy: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 1, 28, 28)
        output: Tensor = self.network(noisy)
        return output.clamp(0, 1)


def load(folder: Path, device: torch.device) -> Denoiser:
    network = Stack()
    halves = load_file(folder / "weights.safetensors")  # stored as float16
    network.load_state_dict({name: half.float() for name, half in halves.items()})
    return Denoiser(network.to(device))
