"""The mean signal of each class, which build.py took; the logit is minus the squared distance to it."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor


class NearestMean:
    def __init__(self, means: Tensor) -> None:
        self.means = means  # (10, 40)

    def classify(self, signals: Tensor) -> Tensor:
        return -torch.cdist(signals[:, 0], self.means).square() / 10


def load(folder: Path, device: torch.device) -> NearestMean:
    return NearestMean(torch.from_numpy(np.load(folder / "means.npy")))
