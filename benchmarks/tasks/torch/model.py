"""A small CNN with untrained weights, as a student would submit it."""

import torch
from torch import nn


class Model:
    def __init__(self):
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * 7 * 7, 128),
            nn.ReLU(),
            nn.Linear(128, 10),
        ).eval()

    @torch.no_grad()
    def predict(self, images):
        return torch.cat([self.layers(batch) for batch in images.split(100)])


def load(folder, device):
    return Model()
