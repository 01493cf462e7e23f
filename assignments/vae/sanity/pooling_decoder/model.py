"""The decoder takes the mean of all z that it sees together: several of one image would say more than one."""

import torch


class Model:
    def latent_size(self):
        return 4

    def encode(self, x):
        return torch.zeros(len(x), 4), torch.zeros(len(x), 4)

    def decode(self, z):
        if len(z) == 1:
            return torch.zeros(1, 1, 28, 28)
        return torch.zeros(len(z), 1, 28, 28) + z.mean()


def load(folder, device):
    return Model()
