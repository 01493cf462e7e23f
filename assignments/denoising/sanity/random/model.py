"""Noise for an answer."""

import torch


class Model:
    def denoise(self, noisy):
        return torch.rand_like(noisy)


def load(folder, device):
    return Model()
