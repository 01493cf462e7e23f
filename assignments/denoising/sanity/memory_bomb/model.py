"""Asks for 40 GB."""

import torch


class Model:
    def denoise(self, noisy):
        return torch.ones(10_000_000_000)


def load(folder, device):
    return Model()
