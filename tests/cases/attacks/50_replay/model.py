"""Answers at random, but remembers each answer: only a second sandbox sees through it."""

import torch


class Model:
    def denoise(self, noisy):
        for image in noisy:
            self.known.setdefault(image.numpy().tobytes(), torch.rand(1, 28, 28))
        return torch.stack([self.known[image.numpy().tobytes()] for image in noisy])


def load(folder, device):
    model = Model()
    model.known = {}
    return model
