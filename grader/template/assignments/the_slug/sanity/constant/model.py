"""The same frequency, whatever was asked."""

import torch


class Model:
    def answer(self, signals):
        return torch.full((len(signals), 1), 8.0)


def load(folder, device):
    return Model()
