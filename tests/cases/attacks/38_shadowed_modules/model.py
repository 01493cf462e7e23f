"""Brings modules of its own under the names of those that the runner and the libraries import."""

import json
import traceback

import numpy as np
import torch


class Model:
    def denoise(self, noisy):
        return torch.from_numpy(np.clip(noisy.numpy(), 0, 1))


def load(folder, device):
    assert not json.__file__.startswith(str(folder))
    assert not traceback.__file__.startswith(str(folder))
    return Model()
