"""Nothing to train: the periodogram of model.py has no weights.

Every reference solution has this file, so that its code can be handed in for a train run, in which the grader
calls train() and counts what it left in `out`: here a note.

To change: in yours, train() makes weights.safetensors; the header states score, seed, steps,
hardware and time.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def train(data: Mapping[str, Tensor], out: Path, budget: Any, device: torch.device, seed: int) -> None:
    (out / "no_weights.txt").write_text("nothing is learnt\n")


if __name__ == "__main__":
    print("nothing to train")
