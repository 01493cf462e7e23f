"""A small convolutional network that learnt from 5,000 labels and from ten times as many images without one.

Idea.  Four 3×3 convolutions with batch normalisation, 28 → 14 → 7, then the mean over the 7×7 places: what
counts is which patterns occur, hardly where. What 5,000 labels can't teach such a network, two things do:
images that are turned, shifted and partly covered keep their label, and a network that is fairly sure about
an image without label is mostly right. So an average of the network over its last steps, the teacher, names
images that nobody labelled, and the network learns those names under harder conditions than the teacher had
(mean teacher: Tarvainen & Valpola 2017; pseudo-labels above a confidence: Sohn et al. 2020, FixMatch).
The answer is the mean of the logits for the image and for its mirror image.

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
    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval()  # batch normalisation by what training saw, not by this batch

    @torch.inference_mode()
    def classify(self, images: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 10)
        logits: Tensor = self.network(images) + self.network(images.flip(-1))
        return logits / 2

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
