"""Its answer depends on how often it was asked."""

import torch


class Model:
    calls = 0

    def answer(self, signals):
        self.calls += 1
        return torch.full((len(signals), 1), 16.0 + self.calls)


def load(folder, device):
    return Model()
