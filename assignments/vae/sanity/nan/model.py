"""A log_std that is not a number."""

import torch


class Model:
    def latent_size(self):
        return 4

    def encode(self, x):
        return torch.zeros(len(x), 4), torch.log(torch.full((len(x), 4), -1.0))

    def decode(self, z):
        return torch.zeros(len(z), 1, 28, 28)


def load(folder, device):
    return Model()
