"""Good answers in the wrong order: each z gets its neighbour's image."""

import numpy as np
import torch


class Model:
    def __init__(self, mean, parts):
        self.mean = mean  # (28, 28)
        self.parts = parts  # (256, 784)

    def latent_size(self):
        return len(self.parts)

    def generate(self, z):
        return (self.mean + (z @ self.parts).view(-1, 1, 28, 28)).clamp(0, 1).roll(1, 0)


def load(folder, device):
    basis = np.load(folder / "basis.npz")
    return Model(torch.from_numpy(basis["mean"]), torch.from_numpy(basis["parts"]).flatten(1))
