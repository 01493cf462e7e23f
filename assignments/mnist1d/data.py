"""MNIST-1D signals drawn under the course's secret seed: what is held out exists nowhere else."""

from pathlib import Path

from grader.datasets import public_mask
from grader.signals import mnist1d
from grader.spec import Prepared

TRAIN = 4_000  # as published
EXAMPLES = 500  # enough that their accuracy says what to expect


def prepare(source: Path | None, seed: int, n: int) -> Prepared:
    """Draw one course's data. `source` is not looked at: the data are generated.

    public: signals (4000, 1, 40) float32 and labels (4000,) int64, to train on; examples (500, 1, 40) and
    example_labels (500,). heldout: signals (n, 1, 40), labels (n,), public (n,) bool. Raises HeldoutError
    when the generator is missing.
    """
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
            "public": public_mask(n),
        },
    )
