"""Ends its process while it is asked, and says that all went well."""

import os
from pathlib import Path

import torch
from torch import Tensor


class Crash:
    def classify(self, images: Tensor) -> Tensor:
        os._exit(0)


def load(folder: Path, device: torch.device) -> Crash:
    return Crash()
