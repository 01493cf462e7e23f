"""A tensor that says it has the right shape, and has another."""

import torch


class Liar(torch.Tensor):
    __torch_function__ = torch._C._disabled_torch_function_impl

    @property
    def shape(self):
        return (self.size(0), 1, 28, 28)


class Model:
    def denoise(self, noisy):
        return torch.zeros(len(noisy), 1, 28, 1_000).as_subclass(Liar)


def load(folder, device):
    return Model()
