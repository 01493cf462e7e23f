"""Answers with bytes of pixels."""

import torch


class Model:
    def denoise(self, noisy):
        return (noisy.clamp(0, 1) * 255).to(torch.uint8)


def load(folder, device):
    return Model()
