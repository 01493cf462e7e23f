"""Counts the symbols of the training text for model.py.

    python train.py DATA [--device cuda]

DATA is the public.npz that `heldout start rnn` gives. No steps, no chance: one pass over the text.
Seconds of one CPU core; model.py has the score.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor


def train(data: Mapping[str, Tensor], out: Path, budget: Any, device: torch.device, seed: int) -> None:
    symbols = len(data["symbols"])
    counts = torch.bincount(data["text"].to(device), minlength=symbols).double()  # (V,)
    probability = (counts + 1) / (counts.sum() + symbols)
    save_file({"log_probability": probability.log().float()}, out / "weights.safetensors")


EXPECTED = "the public.npz of `heldout start rnn`"


def read_data(source: Path) -> dict[str, Tensor]:  # → text (characters,) uint8, symbols (V,) int32
    with np.load(source) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in ("text", "symbols")}


def by_hand() -> None:
    """Train beside this file, by seed 0."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", metavar="DATA", type=Path, help=EXPECTED)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    given = parser.parse_args()
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.exit(2, "--device cuda: PyTorch finds no GPU here; without it the processor trains\n")
    try:
        data = read_data(given.data)
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        parser.exit(2, f"{given.data} can't be read: {error}; expected {EXPECTED}\n")
    here, device = Path(__file__).parent, torch.device(given.device)
    draft = here / "training.draft"
    draft.mkdir(exist_ok=True)
    train(data, draft, None, device, seed=0)
    for made in draft.iterdir():  # only now are the old weights replaced, each file at once
        made.replace(here / made.name)
    draft.rmdir()


if __name__ == "__main__":
    by_hand()
