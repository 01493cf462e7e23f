"""The same grey everywhere, whatever was asked."""

import torch


class Model:
    def denoise(self, noisy):
        return torch.full_like(noisy, 0.286)  # the mean of all pixels of the data set


def load(folder, device):
    return Model()
