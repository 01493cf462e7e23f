"""The class whose mean image is nearest: little, but learnt from what was handed out to learn from."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor


class NearestMean:
    def __init__(self, means: Tensor) -> None:
        self.means = means  # (10, 784) in [0, 1]

    def classify(self, images: Tensor) -> Tensor:
        return -torch.cdist(images.flatten(1), self.means)


def load(folder: Path, device: torch.device) -> NearestMean:
    return NearestMean(torch.from_numpy(np.load(folder / "means.npy")))
