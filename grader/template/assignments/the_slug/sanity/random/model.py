"""A guess for an answer."""

import torch


class Model:
    def answer(self, signals):
        return 4 + 24 * torch.rand(len(signals), 1)


def load(folder, device):
    return Model()
