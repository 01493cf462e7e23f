"""Every class as likely, whatever the signal."""

from pathlib import Path

import torch
from torch import Tensor


class Constant:
    def classify(self, signals: Tensor) -> Tensor:
        return torch.zeros(len(signals), 10)


def load(folder: Path, device: torch.device) -> Constant:
    return Constant()
