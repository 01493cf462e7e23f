"""Each z gets its neighbour's image."""

import torch


class Model:
    def latent_size(self):
        return 4

    def encode(self, x):
        return torch.zeros(len(x), 4), torch.zeros(len(x), 4)

    def decode(self, z):
        return torch.zeros(len(z), 1, 28, 28) + z.roll(1, 0).sum(1)[:, None, None, None]


def load(folder, device):
    return Model()
