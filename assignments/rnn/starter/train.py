"""Trains the language model of model.py and saves its weights beside it.

    python train.py           # under a minute on one CPU core
    python train.py 50        # stop after 50 steps, to see whether it runs

Then `heldout check`, and `heldout submit rnn -m "starter"`.
"""

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from model import HIDDEN, Network, load
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import cross_entropy

STEPS = 500
BATCH = 32  # pieces of text read side by side
LENGTH = 100  # characters of each
RATE = 1e-2
UNSCORED = 50  # characters at the beginning of a stream


def train(data: Mapping[str, Tensor], out: Path, budget: Any, device: torch.device, seed: int) -> None:
    """data["text"]: (characters,) uint8; data["symbols"]: (V,). Leaves weights.safetensors in `out`.

    Where a course trains your code for you, the grader calls this function. Call budget.step(loss) once a
    step: it says False when your time is up.
    """
    torch.manual_seed(seed)
    text = data["text"].to(device)
    network = Network(symbols=len(data["symbols"])).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    # Large steps first, to get near; small ones in the end, to settle. The cosine goes from one to the other.
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)

    for step in range(1, STEPS + 1):
        # Pieces from anywhere. Each begins with an empty state: what stood before is unknown to the network.
        first = torch.randint(len(text) - LENGTH, (BATCH, 1), device=device)
        pieces = text[first + torch.arange(LENGTH + 1, device=device)].long()  # (B, 101)
        logits, _ = network(pieces[:, :-1], torch.zeros(1, BATCH, HIDDEN, device=device))  # (B, 100, V)
        # The cross entropy with the character that did come: the score itself, but for the unit (nats).
        loss = cross_entropy(logits.flatten(0, 1), pieces[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        # Over a hundred steps back in time, gradients can grow beyond all measure: cut them.
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        # Where the grader's time ends before STEPS do, the schedule goes faster, to end with it.
        while schedule.last_epoch < due(step, budget):
            schedule.step()
        if not budget.step(loss.item()):
            break
    save_file(network.state_dict(), out / "weights.safetensors")


def due(step: int, budget: Any) -> float:
    """Where the schedule should be: at `step`, or further on where the budget will end before STEPS."""
    used = 0.0 if math.isinf(budget.seconds) else 1 - budget.left() / budget.seconds
    return min(STEPS, max(step, STEPS * used))


class NoLimit:
    """Stands in for the grader's budget when you train by hand: prints the progress, stops at `limit`."""

    seconds = math.inf  # of processor time: by hand nobody counts

    def __init__(self, limit: int) -> None:
        self.steps, self.limit = 0, limit

    def step(self, loss: float = math.nan) -> bool:
        self.steps += 1
        if self.steps % 50 == 0:
            bits = loss / math.log(2)
            print(f"step {self.steps:5d} of {self.limit}  {bits:.3f} bits a character", flush=True)
        return self.steps < self.limit

    def left(self) -> float:
        return self.seconds


def bits_per_character(model: Any, streams: Tensor) -> float:
    """The score, as the grader finds it: one character at a time, each predicted before it is shown."""
    state = model.start(len(streams))
    nats = []
    for now, following in zip(streams.T[:-1], streams.T[1:], strict=True):
        logits, state = model.step(now, state)
        nats.append(cross_entropy(logits, following))
    return float(torch.stack(nats[UNSCORED - 1 :]).mean() / math.log(2))


def written_after(model: Any, stream: Tensor, length: int) -> Tensor:
    """What the model writes by itself after `stream`: each character drawn from what it predicts."""
    state, written = model.start(1), []
    for token in stream:
        logits, state = model.step(token.view(1), state)
    for _ in range(length):
        token = torch.multinomial(logits.softmax(dim=1), 1).view(1)
        written.append(token)
        logits, state = model.step(token, state)
    return torch.cat(written)


def main() -> None:
    here = Path(__file__).parent
    cpu = torch.device("cpu")
    data = {name: torch.from_numpy(array) for name, array in np.load(here / "data" / "public.npz").items()}
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else STEPS
    train(data, here, NoLimit(limit), cpu, seed=0)

    # The examples are not in the training text: their score says what to expect on the board, give or take
    # the luck of 32 streams.
    model, examples = load(here, cpu), data["examples"].long()
    written = written_after(model, examples[0, :UNSCORED], 300)
    print("It writes: " + "".join(chr(data["symbols"][code]) for code in written))
    print(f"{bits_per_character(model, examples):.3f} bits a character of the 32 examples")


if __name__ == "__main__":
    main()
