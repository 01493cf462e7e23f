"""Fits the logistic regression of model.py.

    python train.py DATA

DATA is the public.npz that `heldout start mnist1d` gives.

Quasi-Newton steps (L-BFGS) on the whole training set; the squared weights cost a little. A second of one CPU
core.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import cross_entropy

STEPS = 100
WEIGHT_COST = 1e-3


def train(data: Mapping[str, Tensor], out: Path, budget: Any, device: torch.device, seed: int) -> None:
    signals, labels = data["signals"].to(device).flatten(1), data["labels"].to(device)  # (N, 40), (N,)
    weight = torch.zeros(10, 40, device=device, requires_grad=True)
    bias = torch.zeros(10, device=device, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        total = cross_entropy(signals @ weight.T + bias, labels) + WEIGHT_COST * weight.square().sum()
        total.backward()
        return total

    optimizer.step(loss)
    save_file({"weight": weight.detach(), "bias": bias.detach()}, out / "weights.safetensors")


if __name__ == "__main__":
    arrays = {name: torch.from_numpy(array) for name, array in np.load(sys.argv[1]).items()}
    train(arrays, Path(__file__).parent, None, torch.device("cpu"), seed=0)
