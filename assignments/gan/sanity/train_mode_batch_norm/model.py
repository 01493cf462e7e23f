"""A forgotten .eval(): the image depends on the other z of the batch."""

import torch


class Model:
    def latent_size(self):
        return 16

    @torch.no_grad()
    def generate(self, z):
        return self.network(z)


def load(folder, device):
    torch.manual_seed(0)
    model = Model()
    model.network = torch.nn.Sequential(
        torch.nn.Linear(16, 784),
        torch.nn.Unflatten(1, (1, 28, 28)),
        torch.nn.BatchNorm2d(1),
        torch.nn.Sigmoid(),
    )
    return model
