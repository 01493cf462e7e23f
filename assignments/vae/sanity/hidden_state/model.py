"""Its answer depends on how often it was asked."""

import torch


class Model:
    def latent_size(self):
        return 4

    def encode(self, x):
        return torch.zeros(len(x), 4), torch.zeros(len(x), 4)

    def decode(self, z):
        self.calls = getattr(self, "calls", 0) + 1
        return torch.full((len(z), 1, 28, 28), 0.1 * self.calls)


def load(folder, device):
    return Model()
