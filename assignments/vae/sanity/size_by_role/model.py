"""Another D where no image ever came."""

import os

import torch


class Model:
    def __init__(self):
        self.size = int.from_bytes(os.urandom(1), "big") + 1

    def latent_size(self):
        return self.size

    def encode(self, x):
        return torch.zeros(len(x), self.size), torch.zeros(len(x), self.size)

    def decode(self, z):
        return torch.zeros(len(z), 1, 28, 28)


def load(folder, device):
    return Model()
