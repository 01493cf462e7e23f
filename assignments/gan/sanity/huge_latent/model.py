"""Wants more random numbers than there are."""

import torch


class Model:
    def latent_size(self):
        return 100000

    def generate(self, z):
        return torch.rand(len(z), 1, 28, 28)


def load(folder, device):
    return Model()
