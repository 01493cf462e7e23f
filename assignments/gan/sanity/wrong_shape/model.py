"""Answers with flat vectors."""

import torch


class Model:
    def latent_size(self):
        return 16

    def generate(self, z):
        return torch.rand(len(z), 784)


def load(folder, device):
    return Model()
