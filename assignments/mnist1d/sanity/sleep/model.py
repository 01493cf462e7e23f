"""Sleeps a minute over every batch."""

import time
from pathlib import Path

import torch
from torch import Tensor


class Sleep:
    def classify(self, signals: Tensor) -> Tensor:
        time.sleep(60)
        return torch.zeros(len(signals), 10)


def load(folder: Path, device: torch.device) -> Sleep:
    return Sleep()
