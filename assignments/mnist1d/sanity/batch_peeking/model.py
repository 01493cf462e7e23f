"""Standardises by the batch: what one signal gets depends on the others."""

from pathlib import Path

import torch
from torch import Tensor


class BatchPeeking:
    def classify(self, signals: Tensor) -> Tensor:
        logits = signals[:, 0, :10]
        return logits - logits.mean(dim=0)


def load(folder: Path, device: torch.device) -> BatchPeeking:
    return BatchPeeking()
