"""A forgotten .eval(): the answer depends on the other signals of the batch."""

import torch


class Model:
    def answer(self, signals):
        with torch.no_grad():
            return 16 + self.network(signals[:, None])[:, 0, :1]


def load(folder, device):
    torch.manual_seed(0)
    model = Model()
    model.network = torch.nn.Sequential(torch.nn.Conv1d(1, 1, 3, padding=1), torch.nn.BatchNorm1d(1))
    return model
