"""A convolutional network with batch normalisation, and nothing else to help it.

Idea.  Four 3×3 convolutions, 28 → 14 → 7, then the mean over the 7×7 places. After each convolution every
channel is brought to mean 0 and variance 1 over the batch and the places, then to a scale and a shift that
are learnt (Ioffe & Szegedy 2015, algorithm 1):
    y = γ·(x − μ)/√(σ² + ε) + β
Layers no longer depend on the scale of the layers before them, so that a rate holds that would break the
network otherwise; and that μ and σ² are those of a random batch is noise which regularises. When it is
asked, running means from training stand in for them: what an answer is may not depend on the batch.
../weight_norm is the same network with another normalisation, reference_solutions/cnn/augmented with more
images.

165k parameters. Trained by `train.py`, which states steps, hardware, time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import interpolate

# ---------------------------------------------------------------- hyper-parameters

WIDTHS = (24, 48, 96, 128)  # channels after each convolution
CLASSES = 10

# ---------------------------------------------------------------- the network


def block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def classifier() -> nn.Sequential:
    first, second, third, fourth = WIDTHS
    return nn.Sequential(
        block(1, first),  # (B, 1, 28, 28) → (B, 24, 28, 28)
        nn.MaxPool2d(2),
        block(first, second),  # (B, 48, 14, 14)
        nn.MaxPool2d(2),
        block(second, third),  # (B, 96, 7, 7)
        block(third, fourth),  # (B, 128, 7, 7)
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(fourth, CLASSES),  # (B, 10)
    )


# ---------------------------------------------------------------- what the grader calls


class Classifier:
    def __init__(self, network: nn.Sequential) -> None:
        self.network = network.eval()  # batch normalisation by what training saw, not by this batch

    @torch.inference_mode()
    def classify(self, images: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 10)
        logits: Tensor = self.network(images)
        return logits

    @torch.inference_mode()
    def filters(self) -> Tensor:  # (16, 28, 28): a picture of the first layer, for the board
        first = next(self.network.parameters())  # (24, 1, 3, 3)
        return interpolate(first[:16], size=28)[:, 0]


def load(folder: Path, device: torch.device) -> Classifier:
    network = classifier()
    stored = load_file(folder / "weights.safetensors")  # float16, but for the counters of the normalisation
    network.load_state_dict(
        {name: value.float() if value.is_floating_point() else value for name, value in stored.items()}
    )
    return Classifier(network.to(device))
