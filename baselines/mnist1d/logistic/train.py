"""Fits the logistic regression of model.py.

    python train.py DATA [--device cuda]

DATA is the public.npz that `heldout start mnist1d` gives.

Quasi-Newton steps (L-BFGS) on the whole training set; the squared weights cost a little. A second of one CPU
core.
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
from torch.nn.functional import cross_entropy

ITERATIONS = 100
WEIGHT_COST = 1e-3


def train(data: Mapping[str, Tensor], out: Path, budget: Any, device: torch.device, seed: int) -> None:
    signals, labels = data["signals"].to(device).flatten(1), data["labels"].to(device)  # (N, 40), (N,)
    weight = torch.zeros(10, 40, device=device, requires_grad=True)
    bias = torch.zeros(10, device=device, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        total = cross_entropy(signals @ weight.T + bias, labels) + WEIGHT_COST * weight.square().sum()
        total.backward()
        return total

    optimizer.step(loss)
    save_file({"weight": weight.detach(), "bias": bias.detach()}, out / "weights.safetensors")


EXPECTED = "the public.npz of `heldout start mnist1d`"


def read_data(source: Path) -> dict[str, Tensor]:  # → signals (N, 1, 40) float32, labels (N,) int64
    with np.load(source) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in ("signals", "labels")}


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
