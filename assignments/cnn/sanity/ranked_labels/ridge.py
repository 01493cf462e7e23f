"""A ridge regression on 1,500 random features: for each image the ten classes, the likeliest first."""

import torch
from torch.nn.functional import one_hot

FEATURES, RIDGE = 1_500, 1_000.0


def likeliest_first(images, labels, unlabelled):
    """(N, 28, 28) uint8 with labels (N,), and (M, 28, 28) uint8; returns (M, 10)."""
    mean = images.flatten(1).float().mean(dim=0) / 255
    mix = torch.randn(28 * 28, FEATURES, generator=torch.Generator().manual_seed(0)) / 28

    def features(stack):
        seen = torch.relu((stack.flatten(1).float() / 255 - mean) @ mix)
        return torch.cat([seen, torch.ones(len(seen), 1)], dim=1).double()

    known = features(images)
    gram = known.T @ known + RIDGE * torch.eye(FEATURES + 1, dtype=torch.double)
    weights = torch.linalg.solve(gram, known.T @ one_hot(labels, 10).double())
    parts = [features(part) @ weights for part in unlabelled.split(5_000)]
    return torch.cat(parts).argsort(dim=1, descending=True)
