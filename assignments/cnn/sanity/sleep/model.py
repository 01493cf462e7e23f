"""Never answers."""

import time
from pathlib import Path

import torch
from torch import Tensor


class Sleep:
    def classify(self, images: Tensor) -> Tensor:
        time.sleep(10_000)
        return torch.zeros(len(images), 10)


def load(folder: Path, device: torch.device) -> Sleep:
    return Sleep()
