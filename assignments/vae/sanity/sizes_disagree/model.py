"""The encoder has one D, the decoder another."""

import torch


class Model:
    def latent_size(self):
        return 4

    def encode(self, x):
        return torch.zeros(len(x), 8), torch.zeros(len(x), 8)

    def decode(self, z):
        return torch.zeros(len(z), 1, 28, 28)


def load(folder, device):
    return Model()
