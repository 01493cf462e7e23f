"""Sleeps a minute over every character."""

import time
from pathlib import Path

import torch
from torch import Tensor

SYMBOLS = 63


class Sleep:
    def start(self, batch: int) -> None:
        return None

    def step(self, tokens: Tensor, state: None) -> tuple[Tensor, None]:
        time.sleep(60)
        return torch.zeros(len(tokens), SYMBOLS), None


def load(folder: Path, device: torch.device) -> Sleep:
    return Sleep()
