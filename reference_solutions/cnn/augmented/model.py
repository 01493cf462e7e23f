"""A convolutional network that sees no image twice: augmentation.

Idea.  A shirt that is turned, shifted or partly covered is a shirt. Convolutions follow a shift as it is;
the rest the network of baselines/cnn/batch_norm has to be shown. So each time an image is used another map
T is drawn from those that don't change its name, and the loss is the mean over them (e.g. Simard,
Steinkraus & Platt 2003; the covered square: DeVries & Taylor 2017):
    L = E_{(x, y)} E_T  −log p(y | T(x))
From 5,000 images come as many as there are steps, all a little different: nothing can be learnt by heart.

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
