"""A convolutional network whose weights are a length and a direction: weight normalisation.

Idea.  The network of ../batch_norm; but instead of what a channel gives, its weights are normalised (Salimans
& Kingma 2016, eq. 2):
    w = g·v/‖v‖
The length g and the direction v of each channel's weights are learnt apart, so that the slope by v is always
at right angles to it, and its scale adapts to the rate. Nothing depends on the batch, in training or after:
no running means, no noise either. What batch normalisation gives for free at the first step, channels of mean
0 and variance 1, is set once, from one batch (§3 there).

165k parameters. Trained by `train.py`, which states steps, hardware, time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.nn.utils.parametrizations import weight_norm

# ---------------------------------------------------------------- hyper-parameters

WIDTHS = (24, 48, 96, 128)  # channels after each convolution
CLASSES = 10

# ---------------------------------------------------------------- the network


def block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(weight_norm(nn.Conv2d(inputs, outputs, 3, padding=1)), nn.ReLU())


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
        weight_norm(nn.Linear(fourth, CLASSES)),  # (B, 10)
    )


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
        first = self.network[0][0].weight  # (24, 1, 3, 3)
        return interpolate(first[:16], size=28)[:, 0]


def load(folder: Path, device: torch.device) -> Classifier:
    network = classifier()
    stored = load_file(folder / "weights.safetensors")  # g and v of each layer, as float16
    network.load_state_dict({name: value.float() for name, value in stored.items()})
    return Classifier(network.to(device))
