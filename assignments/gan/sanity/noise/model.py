"""Noise that z decides."""

import torch


class Model:
    def latent_size(self):
        return 256

    def generate(self, z):
        return (z @ self.weights).sigmoid().view(-1, 1, 28, 28)


def load(folder, device):
    model = Model()
    model.weights = torch.randn(256, 784, generator=torch.Generator().manual_seed(0))
    return model
