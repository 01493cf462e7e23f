"""Names the class instead of giving ten logits."""

from pathlib import Path

import torch
from torch import Tensor


class Names:
    def classify(self, images: Tensor) -> Tensor:
        return images.flatten(1).sum(dim=1)


def load(folder: Path, device: torch.device) -> Names:
    return Names()
