"""Trains the plain recurrent network of model.py on the text of public.npz.

    python train.py DATA

DATA is the public.npz that `heldout start rnn` gives.

Truncated backpropagation through time: the text is cut into 64 tracks that are read side by side, 80
characters a step. The state goes on to the next 80, its gradient doesn't. AdamW, gradients clipped to norm
1, and the one-cycle schedule (Smith & Topin 2019): the rate rises for a tenth of the steps and falls to
nothing by a cosine. The loss is the score itself, in nats until it is printed.

4,000 steps, that is six times through the text: 195 s of one CPU core, on a busy machine. On the training
text it came to 1.62 bits a character.
"""

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from model import HIDDEN, Network
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import cross_entropy

# ---------------------------------------------------------------- hyper-parameters

TRACKS = 64  # read side by side: the batch
LENGTH = 80  # characters through which the gradient flows back
STEPS = 4_000
PEAK_RATE = 2e-3
RISING = 0.1  # of the steps
WEIGHT_DECAY = 1e-4
CLIP = 1.0  # of the gradient's norm
SAVE_EVERY = 500  # steps

# ---------------------------------------------------------------- training


def train(data: Mapping[str, Tensor], out: Path, budget: Any, device: torch.device, seed: int) -> None:
    torch.manual_seed(seed)
    text = data["text"].to(device)  # (characters,) uint8
    network = Network(symbols=len(data["symbols"])).to(device)
    optimizer = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, STEPS, pct_start=RISING)

    place, span = 0, 0
    for step in range(1, STEPS + 1):
        if place + LENGTH >= span:  # at the end, or at the very beginning: cut anew, elsewhere
            tracks = cut(text)  # (64, span) int64
            place, span = 0, tracks.shape[1]
            state = torch.zeros(1, TRACKS, HIDDEN, device=device)
        read = tracks[:, place : place + LENGTH + 1]  # (64, 81)
        logits, state = network(read[:, :-1], state.detach())  # (64, 80, V)
        loss = cross_entropy(logits.flatten(0, 1), read[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimizer.step()
        # Several steps of the schedule at once where the budget would end before STEPS do.
        while schedule.last_epoch < due(step, budget):
            schedule.step()
        place += LENGTH
        going_on = budget.step(loss.item())
        if step % SAVE_EVERY == 0 or step == STEPS or not going_on:
            save(network, out)
        if not going_on:
            break


def due(step: int, budget: Any) -> float:
    """Where the schedule should be: at `step`, or further on where the budget will end before STEPS."""
    used = 0.0 if math.isinf(budget.seconds) else 1 - budget.left() / budget.seconds
    return min(STEPS, max(step, STEPS * used))


def cut(text: Tensor) -> Tensor:  # (characters,) uint8 → (64, span) int64
    """The text from a random place on, its end joined to its beginning, as 64 tracks of equal length."""
    turned = text.roll(-int(torch.randint(len(text), ())))
    return turned[: len(text) // TRACKS * TRACKS].view(TRACKS, -1).long()


def save(network: torch.nn.Module, out: Path) -> None:
    halves = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    save_file(halves, out / "weights.safetensors")


# ---------------------------------------------------------------- by hand


class NoLimit:
    """Stands in for the grader's budget: prints the running loss, never stops early."""

    seconds = math.inf  # of processor time: by hand nobody counts

    def __init__(self) -> None:
        self.steps, self.running = 0, 0.0

    def step(self, loss: float = math.nan) -> bool:
        self.steps += 1
        self.running = loss if self.steps == 1 else 0.99 * self.running + 0.01 * loss
        if self.steps % 100 == 0:
            bits = self.running / np.log(2)
            print(f"step {self.steps:5d}  {bits:.3f} bits a character of the training text", flush=True)
        return True

    def left(self) -> float:
        return self.seconds


if __name__ == "__main__":
    here = Path(__file__).parent
    arrays = {name: torch.from_numpy(array) for name, array in np.load(sys.argv[1]).items()}
    train(arrays, here, NoLimit(), torch.device("cpu"), seed=0)
