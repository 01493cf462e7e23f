"""Divides by zero."""

import torch


class Model:
    def latent_size(self):
        return 16

    def generate(self, z):
        return torch.zeros(len(z), 1, 28, 28) / 0


def load(folder, device):
    return Model()
