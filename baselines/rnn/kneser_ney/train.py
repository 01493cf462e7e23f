"""Counts the triples of the training text and smooths them, for model.py, which has the formulas.

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
    symbols, text = len(data["symbols"]), data["text"].to(device).long()
    triples = (text[:-2] * symbols + text[1:-1]) * symbols + text[2:]
    counts = torch.bincount(triples, minlength=symbols**3).view(symbols, symbols, symbols).double()
    places = (counts > 0).double()

    uniform = torch.full((symbols,), 1 / symbols, dtype=torch.double, device=device)
    one = smooth((places.sum(0) > 0).double().sum(0), uniform)  # P(c): (V,)
    two = smooth(places.sum(0), one)  # P(c | b): (V, V)
    three = smooth(counts, two)  # P(c | a b): (V, V, V)

    table = torch.empty(symbols + 1, symbols + 1, symbols, dtype=torch.double, device=device)
    table[-1, -1], table[:, :-1], table[:-1, -1] = one, two, one  # last place: nothing was read
    table[:-1, :-1] = three
    save_file({"log_probability": table.log().half()}, out / "weights.safetensors")


def smooth(counts: Tensor, shorter: Tensor) -> Tensor:
    """counts: (…, V) of symbols after each context; shorter: P(c | a context one symbol shorter).

    d = n₁ / (n₁ + 2 n₂), of counts that are 1 and 2 (Ney, Essen & Kneser 1994).
    """
    once, twice = (counts == 1).sum(), (counts == 2).sum()
    discount = once / (once + 2 * twice) if once else torch.tensor(0.5)
    total = counts.sum(dim=-1, keepdim=True)
    saved = discount * (counts > 0).sum(dim=-1, keepdim=True)
    kept = (counts - discount).clamp(min=0)
    # After a context that was never seen, the shorter one says it all.
    return torch.where(total > 0, (kept + saved * shorter) / total.clamp(min=1), shorter)


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
