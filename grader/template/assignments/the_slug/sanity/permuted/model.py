"""Good answers in the wrong order: each signal gets its neighbour's."""

import torch


class Model:
    def answer(self, signals):
        power = torch.fft.rfft(signals.double()).abs()
        return power.argmax(dim=1, keepdim=True).float().roll(1, 0)


def load(folder, device):
    return Model()
