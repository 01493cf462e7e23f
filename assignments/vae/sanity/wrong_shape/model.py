"""Logits of flat images."""

import torch


class Model:
    def latent_size(self):
        return 4

    def encode(self, x):
        return torch.zeros(len(x), 4), torch.zeros(len(x), 4)

    def decode(self, z):
        return torch.zeros(len(z), 784)


def load(folder, device):
    return Model()
