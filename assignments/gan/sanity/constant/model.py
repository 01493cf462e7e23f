"""The same grey everywhere, whatever z."""

import torch


class Model:
    def latent_size(self):
        return 16

    def generate(self, z):
        return torch.full((len(z), 1, 28, 28), 0.286)  # the mean of all pixels of the data set


def load(folder, device):
    return Model()
