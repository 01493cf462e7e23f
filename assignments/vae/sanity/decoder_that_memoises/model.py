"""The decoder answers by chance, and a second time what it answered the first time."""

import torch


class Model:
    def __init__(self):
        self.answers = {}

    def latent_size(self):
        return 4

    def encode(self, x):
        return torch.zeros(len(x), 4), torch.zeros(len(x), 4)

    def decode(self, z):
        answers = []
        for row in z:
            key = row.numpy().tobytes()
            if key not in self.answers:
                self.answers[key] = torch.randn(1, 28, 28)
            answers.append(self.answers[key])
        return torch.stack(answers)


def load(folder, device):
    return Model()
