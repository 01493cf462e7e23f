"""Logistic regression, trained by the grader: what smuggled_labels must not beat."""

import torch


class Logistic:
    def __init__(self, weights):
        self.weights = weights

    def classify(self, images):
        return images.flatten(1) @ self.weights["weight"].T + self.weights["bias"]


def load(folder, device):
    return Logistic(torch.load(folder / "weights.pt"))
