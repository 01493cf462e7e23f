"""More latent variables than there may be."""

import torch


class Model:
    def latent_size(self):
        return 257

    def encode(self, x):
        return torch.zeros(len(x), 4), torch.zeros(len(x), 4)

    def decode(self, z):
        return torch.zeros(len(z), 1, 28, 28)


def load(folder, device):
    return Model()
