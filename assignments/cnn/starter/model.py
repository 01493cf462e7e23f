"""Your classifier. The grader calls load() once and then classify() with batches of images.

This one is a small convolutional network: patterns of 3×3 pixels, patterns of such patterns, and a weighted
sum of what it found. It runs as it is; `python train.py` makes its weights. Change what you like, as long as
load() stays.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import interpolate

CLASSES = 10


def network() -> nn.Sequential:
    """Three 3×3 convolutions and a linear layer: (B, 1, 28, 28) → (B, 10)."""
    return nn.Sequential(
        nn.Conv2d(1, 16, kernel_size=3, padding=1),  # (B, 16, 28, 28)
        nn.ReLU(),
        # The largest of each 2×2 pixels: half the height and width, and a pattern may move a little.
        nn.MaxPool2d(2),  # (B, 16, 14, 14)
        nn.Conv2d(16, 32, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (B, 32, 7, 7)
        nn.Conv2d(32, 32, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Flatten(),  # (B, 1568)
        nn.Linear(32 * 7 * 7, CLASSES),
    )


class Classifier:
    def __init__(self, trained: nn.Sequential) -> None:
        # eval() switches dropout and batch normalisation to the way they should behave at test time. This
        # network has neither; the day you add one, forgetting this line costs you the submission.
        self.network = trained.eval()

    @torch.inference_mode()
    def classify(self, images: Tensor) -> Tensor:
        """images: (B, 1, 28, 28) float32 in [0, 1], for any B. Returns logits (B, 10): no softmax."""
        return self.network(images)

    @torch.inference_mode()
    def filters(self) -> Tensor:
        """Shown beside your score, if you like: the patterns that the first layer looks for, (16, 28, 28)."""
        first = self.network[0].weight  # (16, 1, 3, 3)
        return interpolate(first, size=28)[:, 0]


def load(folder: Path, device: torch.device) -> Classifier:
    """What the grader calls first. `folder` holds the files you submitted, the weights among them."""
    trained = network()
    trained.load_state_dict(load_file(folder / "weights.safetensors"))
    return Classifier(trained.to(device))
