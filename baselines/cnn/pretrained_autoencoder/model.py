"""A classifier whose body first learnt to describe images that nobody had named: autoencoder pre-training.

Idea.  55,000 images have no label, but an autoencoder needs none: its encoder f turns an image into 64
numbers, its decoder g turns these into the image again (Hinton & Salakhutdinov 2006; Erhan et al. 2010).
What it takes to draw an image should help to name it. Three phases:
    reconstruct  f and g learn from all images:  −x log x̂ − (1 − x) log(1 − x̂),  x̂ = g(f(x)),
                 averaged over pixels
    head         f stays fixed, a new layer h learns:  −log p(y | h(f(x)))
    tune         f and h learn that together, f at a lower rate
The latter two have the 5,000 labels. How little a code that suffices to draw knows of names is the lesson:
see the scores in `train.py`, among them that of the same network without the first phase.

170k parameters without the decoder. Trained by `train.py`, which states steps, hardware, time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import interpolate

# ---------------------------------------------------------------- hyper-parameters

WIDTHS = (24, 48)  # channels after each convolution
CODE = 64
CLASSES = 10

# ---------------------------------------------------------------- the network


def body() -> nn.Sequential:  # (B, 1, 28, 28) → (B, 64)
    first, second = WIDTHS
    return nn.Sequential(
        nn.Conv2d(1, first, 4, stride=2, padding=1),  # (B, 24, 14, 14)
        nn.ReLU(),
        nn.Conv2d(first, second, 4, stride=2, padding=1),  # (B, 48, 7, 7)
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(second * 7 * 7, CODE),
    )


def new_head() -> nn.Sequential:  # (B, 64) → (B, 10)
    return nn.Sequential(nn.ReLU(), nn.Linear(CODE, CLASSES))


# ---------------------------------------------------------------- what the grader calls


class Classifier:
    def __init__(self, network: nn.Sequential) -> None:
        self.network = network.eval()

    @torch.inference_mode()
    def classify(self, images: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 10)
        logits: Tensor = self.network(images)
        return logits

    @torch.inference_mode()
    def filters(self) -> Tensor:  # (16, 28, 28): a picture of the first layer, for the board
        first = next(self.network.parameters())  # (24, 1, 4, 4)
        return interpolate(first[:16], size=28)[:, 0]


def load(folder: Path, device: torch.device) -> Classifier:
    network = nn.Sequential(body(), new_head())
    stored = load_file(folder / "weights.safetensors")  # as float16
    network.load_state_dict({name: value.float() for name, value in stored.items()})
    return Classifier(network.to(device))
