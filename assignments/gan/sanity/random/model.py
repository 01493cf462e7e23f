"""Noise that z does not decide."""

import torch


class Model:
    def latent_size(self):
        return 16

    def generate(self, z):
        return torch.rand(len(z), 1, 28, 28)


def load(folder, device):
    return Model()
