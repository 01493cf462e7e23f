"""The k nearest of the labelled images have a vote: no weights are learnt, the examples are kept.

Idea.  What looks alike has the same name. With d the distance from the image to its nearest neighbours, and
N_k(x) the places of the k nearest,
    p(y|x) = (1 − ε) Σ_{i ∈ N_k(x)} 1[yᵢ = y]/dᵢ / Σ_{i ∈ N_k(x)} 1/dᵢ + ε/10
(Cover & Hart 1967; weights by distance: Dudani 1976; with ε no class is impossible). All depends on what
distance means: among pixels it is mostly that of position and light. So images are compared by their first
32 principal components, each divided by the square root of its standard deviation, halfway to one where all
count the same; and each labelled image is there five times, four of them a little turned, scaled and shifted.

The components of the 25,000 are kept as whole numbers from -127 to 127, 0.8 MB. Made by `train.py`, which
states time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

NEIGHBOURS = 20
SMOOTHING = 0.05  # ε
CLASSES = 10
NEAREST = 1e-3  # no distance counts as less: an image that is among the labelled ones doesn't divide by 0


class Neighbours:
    def __init__(self, mean: Tensor, basis: Tensor, points: Tensor, labels: Tensor) -> None:
        self.mean, self.basis = mean, basis  # (784,), (784, 32)
        self.points, self.labels = points, labels  # (25000, 32), (25000,)

    def classify(self, images: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 10)
        where = (images.flatten(1) - self.mean) @ self.basis  # (B, 32)
        distance, places = torch.cdist(where, self.points).topk(NEIGHBOURS, largest=False)  # (B, 20) twice
        votes = images.new_zeros(len(images), CLASSES)
        votes.scatter_add_(1, self.labels[places], 1 / distance.clamp(min=NEAREST))
        share = votes / votes.sum(dim=1, keepdim=True)
        return ((1 - SMOOTHING) * share + SMOOTHING / CLASSES).log()


def load(folder: Path, device: torch.device) -> Neighbours:
    stored = load_file(folder / "weights.safetensors", device=str(device))
    points, labels = stored["points"].float(), stored["labels"].long()
    return Neighbours(stored["mean"].float(), stored["basis"].float(), points, labels)
