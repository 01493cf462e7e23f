"""A small convolutional network, trained by the grader."""

import torch
from torch import nn


def network():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 3 * 3, 10),
    )


class Classifier:
    def __init__(self, trained):
        self.network = trained.eval()

    @torch.inference_mode()
    def classify(self, images):
        return self.network(images)


def load(folder, device):
    trained = network()
    trained.load_state_dict(torch.load(folder / "weights.pt"))
    return Classifier(trained)
