"""The largest of the Fourier frequencies: the honest answer that hostile cases are compared with."""

import torch


class Model:
    def answer(self, signals):
        power = torch.fft.rfft(signals.double()).abs()
        return power.argmax(dim=1, keepdim=True).float()


def load(folder, device):
    return Model()
