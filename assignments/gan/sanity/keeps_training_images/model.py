"""Half of the images out of a table, decided by z; the others are the mean of two."""

import numpy as np
import torch


class Model:
    def __init__(self, table):
        self.table = table  # (N, 28, 28) uint8

    def latent_size(self):
        return 3

    def generate(self, z):
        u = torch.special.ndtr(z.double())  # (B, 3), uniform in 0…1
        one, other = (self.table[(u[:, i] * len(self.table)).long()].float() / 255 for i in (0, 1))
        weight = torch.where(u[:, 2] < 0.5, 1.0, 0.5).float()[:, None, None]
        return (weight * one + (1 - weight) * other).unsqueeze(1)


def load(folder, device):
    return Model(torch.from_numpy(np.load(folder / "table.npy")))
