"""The frequencies of pairs of symbols in the public text, which build.py counted."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor


class Bigram:
    def __init__(self, log_probability: Tensor) -> None:
        self.log_probability = log_probability  # (V, V)

    def start(self, batch: int) -> None:
        return None

    def step(self, tokens: Tensor, state: None) -> tuple[Tensor, None]:
        return self.log_probability[tokens], None


def load(folder: Path, device: torch.device) -> Bigram:
    return Bigram(torch.from_numpy(np.load(folder / "bigrams.npy")))
