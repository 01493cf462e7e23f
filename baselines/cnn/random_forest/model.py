"""A random forest: many trees of questions about single pixels, each grown on other images, and their mean.

Idea.  A tree asks at each of its nodes whether one pixel is brighter than a threshold, and goes left or
right; a leaf knows which classes the training images had that came to it. One tree learns its images by
heart. A forest (Breiman 2001, where each has one vote) averages T of them that err differently, for each was
grown on a bootstrap sample and might choose, at each node, among 56 random pixels of 784 alone:
    p(y|x) = (1 − ε)/T Σₜ p(y | leaf of tree t that x comes to) + ε/10
No distance, no gradient, no scale of the pixels matters; nor does it see that two pixels are neighbours.

All trees lie in one table, a row for each node: from there it goes `onward` rows further, and one more where
the pixel is brighter; a leaf stays where it is. Made by `train.py`, which states time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

DEPTH = 16  # questions to a leaf, at most
SMOOTHING = 0.01  # ε: share of the answer that all classes have alike: none is impossible
CLASSES = 10


class Forest:
    def __init__(self, nodes: dict[str, Tensor], shares: Tensor, roots: Tensor) -> None:
        self.pixel, self.threshold, self.onward = nodes["pixel"], nodes["threshold"], nodes["onward"]  # (N,)
        self.leaf = (self.onward == 0).long().cumsum(0) - 1  # (N,): of a leaf its place in `shares`
        self.shares, self.roots = shares, roots  # (leaves, 10), (T,)

    def classify(self, images: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 10)
        grey = (images.flatten(1) * 255).round().long()  # (B, 784)
        node = self.roots.expand(len(images), -1)  # (B, T)
        for _ in range(DEPTH):
            brighter = grey.gather(1, self.pixel[node]) > self.threshold[node]
            node = node + self.onward[node] + brighter
        share = self.shares[self.leaf[node]].mean(dim=1)  # (B, T, 10) → (B, 10)
        return ((1 - SMOOTHING) * share + SMOOTHING / CLASSES).log()


def load(folder: Path, device: torch.device) -> Forest:
    stored = load_file(folder / "weights.safetensors", device=str(device))
    nodes = {name: stored[name].long() for name in ("pixel", "threshold", "onward")}
    shares = stored["shares"].float()  # (leaves, 10), of 255
    return Forest(nodes, shares / shares.sum(dim=1, keepdim=True), stored["roots"].long())
