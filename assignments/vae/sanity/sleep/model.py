"""Takes a minute."""

import time

import torch


class Model:
    def latent_size(self):
        return 4

    def encode(self, x):
        time.sleep(60)

    def decode(self, z):
        return torch.zeros(len(z), 1, 28, 28)


def load(folder, device):
    return Model()
