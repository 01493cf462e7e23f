"""Gives every class the same logit: the floor that any classifier must rise above.

Accuracy .100 (ties count as the chance of guessing right, 1/10) and NLL log 10 = 2.303 nats on any images
of ten classes. No training; no time to speak of.
"""

from pathlib import Path

import torch
from torch import Tensor


class Constant:
    def classify(self, images: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 10)
        return torch.zeros(len(images), 10)


def load(folder: Path, device: torch.device) -> Constant:
    return Constant()
