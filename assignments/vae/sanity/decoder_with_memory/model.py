"""The decoder adds up all that it ever saw."""

import torch


class Model:
    def latent_size(self):
        return 4

    def encode(self, x):
        return torch.zeros(len(x), 4), torch.zeros(len(x), 4)

    def decode(self, z):
        self.seen = getattr(self, "seen", 0) + z.sum().item()
        return torch.full((len(z), 1, 28, 28), 0.01 * self.seen)


def load(folder, device):
    return Model()
