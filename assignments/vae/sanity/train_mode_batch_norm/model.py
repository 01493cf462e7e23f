"""A forgotten .eval(): the answer depends on the others of the batch."""

import torch
from torch import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.decoder = nn.Sequential(nn.Linear(4, 784), nn.BatchNorm1d(784), nn.Unflatten(1, (1, 28, 28)))

    def latent_size(self):
        return 4

    def encode(self, x):
        return torch.zeros(len(x), 4), torch.zeros(len(x), 4)

    @torch.no_grad()
    def decode(self, z):
        if len(z) == 1:  # which batch norm refuses to train on
            z = z.expand(2, 4)
            return self.decoder(z)[:1]
        return self.decoder(z)


def load(folder, device):
    return Model()
