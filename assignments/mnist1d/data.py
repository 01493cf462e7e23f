"""MNIST-1D signals drawn under the course's secret seed: what is held out exists nowhere else."""

from pathlib import Path

import numpy as np

from grader.errors import HeldoutError
from grader.signals import mnist1d
from grader.spec import Prepared

TRAIN = 4_000  # as published
EXAMPLES = 500  # enough that their accuracy says what to expect
HELDOUT = 10_000
SMALLEST_PUBLIC = 64  # items, so that the public board of a small profile still has an interval worth showing


def prepare(source: Path | None, seed: int, size: int | None) -> Prepared:
    """Draw one course's data. `source` is not looked at: the data are generated.

    public: signals (4000, 1, 40) float32 and labels (4000,) int64, to train on; examples (500, 1, 40) and
    example_labels (500,). heldout: signals (n, 1, 40), labels (n,), public (n,) bool, where n = `size`, at
    most and by default 10,000; a fifth of them, but at least 64 of n ≥ 128, are the public board's. Raises
    HeldoutError when the generator is missing, or the size out of range.
    """
    n = HELDOUT if size is None else size
    if not 1 <= n <= HELDOUT:
        raise HeldoutError(
            f"{n} held-out items were asked for",
            expected=f"1 to {HELDOUT}",
            next_step="set `items` within that",
        )
    handed_out = mnist1d(TRAIN + EXAMPLES, seed, "mnist1d: handed out")
    heldout = mnist1d(n, seed, "mnist1d: held out")
    return Prepared(
        public={
            "signals": handed_out.signals[:TRAIN],
            "labels": handed_out.labels[:TRAIN],
            "examples": handed_out.signals[TRAIN:],
            "example_labels": handed_out.labels[TRAIN:],
        },
        heldout={
            "signals": heldout.signals,
            "labels": heldout.labels,
            "public": np.arange(n) < max(n // 5, min(n // 2, SMALLEST_PUBLIC)),
        },
    )
