"""A forgotten .eval(): the answer depends on the other images of the batch."""

import torch


class Model:
    def denoise(self, noisy):
        with torch.no_grad():
            return self.network(noisy)


def load(folder, device):
    torch.manual_seed(0)
    model = Model()
    model.network = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 3, padding=1), torch.nn.BatchNorm2d(1))
    return model
