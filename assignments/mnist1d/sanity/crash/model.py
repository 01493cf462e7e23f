"""Ends its process when it is first asked, as a fault in compiled code would."""

import os
from pathlib import Path

import torch
from torch import Tensor


class Crash:
    def classify(self, signals: Tensor) -> Tensor:
        os.abort()


def load(folder: Path, device: torch.device) -> Crash:
    return Crash()
