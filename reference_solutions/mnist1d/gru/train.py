"""Trains the GRU of model.py on the 4,000 signals of public.npz.

    python train.py DATA [--device cuda]

DATA is the public.npz that `heldout start mnist1d` gives.
Run again after an interruption, it goes on where it was.

AdamW with the one-cycle schedule (Smith & Topin 2019): the rate rises for a tenth of the steps and falls to
nothing by a cosine. Each time a signal is used it is scaled by up to 20 %, tilted, and shifted by up to two
samples: the digit stays what it was, and the 4,000 become more.

2,000 steps: 51 s of one CPU core.
"""

import argparse
import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from model import Network
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import cross_entropy

# ---------------------------------------------------------------- hyper-parameters

STEPS = 2_000
BATCH = 128
PEAK_RATE = 1e-2
RISING = 0.1  # of the steps
WEIGHT_DECAY = 1e-2
SMOOTHING = 0.05  # of the labels
KEEP_EVERY = 500  # steps
SCALE, TILT, SHIFT = 0.2, 0.5, 2  # up to: a share, standard deviations at the ends, samples

# ---------------------------------------------------------------- training


def train(
    data: Mapping[str, Tensor],
    out: Path,
    budget: Any,
    device: torch.device,
    seed: int,
    resume: Path | None = None,
) -> None:
    torch.manual_seed(seed)
    signals, labels = data["signals"].to(device), data["labels"].to(device)  # (N, 1, 40), (N,)
    classifier = Network().to(device)
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=PEAK_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, STEPS, pct_start=RISING)
    parts = (classifier, optimizer, schedule)

    for step in range(kept(resume, parts, budget) + 1, STEPS + 1):
        rows = torch.randint(len(signals), (BATCH,), device=device)
        logits = classifier(varied(signals[rows]))  # (B, 10)
        loss = cross_entropy(logits, labels[rows], label_smoothing=SMOOTHING)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(classifier.parameters(), 1.0)
        optimizer.step()
        # Several steps of the schedule at once where the budget would end before STEPS do.
        while schedule.last_epoch < due(step, budget):
            schedule.step()
        if step % KEEP_EVERY == 0:
            keep(resume, step, parts)
        if not budget.step(loss.item()):
            break
    halves = {name: value.half().contiguous() for name, value in classifier.state_dict().items()}
    save_file(halves, out / "weights.safetensors")


def due(step: int, budget: Any) -> float:
    """Where the schedule should be: at `step`, or further on where the budget will end before STEPS."""
    used = 0.0 if math.isinf(budget.seconds) else 1 - budget.left() / budget.seconds
    return min(STEPS, max(step, STEPS * used))


def varied(signals: Tensor) -> Tensor:  # (B, 1, 40) → (B, 1, 40)
    scale, tilt = (torch.rand(2, len(signals), 1, 1, device=signals.device) * 2 - 1).unbind()
    line = torch.linspace(-1, 1, signals.shape[-1], device=signals.device)
    shift = int(torch.randint(-SHIFT, SHIFT + 1, ()))
    return (signals * (1 + SCALE * scale) + TILT * tilt * line).roll(shift, dims=-1)


# ---------------------------------------------------------------- going on after an interruption


def keep(resume: Path | None, step: int, parts: Sequence[Any]) -> None:
    """Write down where a training stands, whole or not at all. By hand alone: `resume` is None otherwise."""
    if resume is not None:
        luck = [torch.get_rng_state(), *torch.cuda.get_rng_state_all()]
        state = {"step": step, "parts": [part.state_dict() for part in parts], "luck": luck}
        torch.save(state | {"settings": settings()}, resume.with_suffix(".new"))
        resume.with_suffix(".new").replace(resume)


def kept(resume: Path | None, parts: Sequence[Any], budget: Any) -> int:
    """Put `parts` back to where a training was interrupted, if one was. Returns how many steps it made."""
    if resume is None or not resume.is_file():
        return 0
    try:
        state = dict(torch.load(resume, map_location="cpu", weights_only=True))
        if state["settings"] != settings() or state["step"] not in range(STEPS + 1):
            raise ValueError("of another training")
        for part, was in zip(parts, state["parts"], strict=True):
            if was.keys() != part.state_dict().keys():
                raise ValueError("of another training")
            part.load_state_dict(was)
        torch.set_rng_state(state["luck"][0])
        torch.cuda.set_rng_state_all(state["luck"][1:])
        budget.steps = int(state["step"])
    except Exception as error:  # there are as many as there are damages
        print(f"{resume} is damaged, or of another training: delete it to begin anew", file=sys.stderr)
        raise SystemExit(2) from error
    print(f"going on after step {budget.steps}", flush=True)
    return budget.steps


def settings() -> str:
    """The numbers in capitals above, STEPS among them: where one of them differs, it is another training."""
    capitals = {name: value for name, value in globals().items() if name.isupper()}
    return str({name: value for name, value in capitals.items() if isinstance(value, int | float | tuple)})


# ---------------------------------------------------------------- by hand

EXPECTED = "the public.npz of `heldout start mnist1d`"


class NoLimit:
    """Stands in for the grader's budget: prints the running loss, stops at a limit."""

    seconds = math.inf  # of processor time: by hand nobody counts

    def __init__(self, limit: float = math.inf) -> None:
        self.steps, self.limit, self.running = 0, limit, math.nan
        self.made, self.since = 0, time.perf_counter()

    def step(self, loss: float = math.nan) -> bool:
        self.steps, self.made = self.steps + 1, self.made + 1
        self.running = loss if math.isnan(self.running) else 0.99 * self.running + 0.01 * loss
        if self.steps % 500 == 0:
            rate = self.made / (time.perf_counter() - self.since)
            print(f"step {self.steps:5d} ({rate:.1f}/s)  cross-entropy {self.running:.3f}", flush=True)
        return self.steps < self.limit

    def left(self) -> float:
        return self.seconds


def read_data(source: Path) -> dict[str, Tensor]:  # → signals (N, 1, 40) float32, labels (N,) int64
    with np.load(source) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in ("signals", "labels")}


def by_hand() -> None:
    """Train beside this file, by seed 0."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", metavar="DATA", type=Path, help=EXPECTED)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--steps", type=int, help="make only so many, to see whether it runs; save nothing")
    given = parser.parse_args()
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.exit(2, "--device cuda: PyTorch finds no GPU here; without it the processor trains\n")
    try:
        data = read_data(given.data)
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        parser.exit(2, f"{given.data} can't be read: {error}; expected {EXPECTED}\n")
    here, device = Path(__file__).parent, torch.device(given.device)
    if given.steps is not None:
        with TemporaryDirectory() as nowhere:
            train(data, Path(nowhere), NoLimit(given.steps), device, seed=0)
        print("it runs; this was a trial, and nothing was saved")
        return
    resume, draft = here / "training.pt", here / "training.draft"
    draft.mkdir(exist_ok=True)
    train(data, draft, NoLimit(), device, seed=0, resume=resume)
    for made in draft.iterdir():  # only now are the old weights replaced, each file at once
        made.replace(here / made.name)
    resume.unlink(missing_ok=True)
    draft.rmdir()


if __name__ == "__main__":
    by_hand()
