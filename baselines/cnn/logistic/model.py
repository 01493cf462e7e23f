"""Multinomial logistic regression on the pixels: the best that one weighted sum of pixels a class can do.

Idea.  logits = W x + b, with x the 784 pixels: each class has a picture of weights, and its logit says how
well the image fits. Convex, so there is one best W; weight decay keeps it from reading too much into pixels
that are rarely lit (e.g. Bishop 2006, "Pattern Recognition and Machine Learning", §4.3.4). What a picture of
weights can't do is follow a shirt that is shifted or turned: see reference_solutions/cnn/cnn.

7,850 parameters. Trained by `train.py`, which states time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor


class Logistic:
    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self.weight, self.bias = weight, bias  # (10, 784), (10,)

    def classify(self, images: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 10)
        return images.flatten(1) @ self.weight.T + self.bias

    def filters(self) -> Tensor:  # (16, 28, 28): the ten pictures of weights, and six empty ones
        return torch.cat([self.weight, self.weight.new_zeros(6, 784)]).reshape(16, 28, 28)


def load(folder: Path, device: torch.device) -> Logistic:
    weights = load_file(folder / "weights.safetensors", device=str(device))
    return Logistic(weights["weight"], weights["bias"])
