"""What an assignment is: metrics, tiers, limits, and the three functions its folder provides."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from grader.outline import BOARDED as BOARDED
from grader.outline import MB as MB  # authors of assignments need no other module
from grader.outline import MIB as MIB
from grader.outline import Budget as Budget
from grader.outline import Estimate as Estimate
from grader.outline import Limits as Limits
from grader.outline import Metric as Metric
from grader.outline import Outline as Outline
from grader.outline import RunKind as RunKind
from grader.outline import Tier as Tier
from grader.outline import readable as readable

Array = npt.NDArray[Any]
Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Range:
    """How many held-out items a course may have drawn; `largest` is what it gets unless it sets a number."""

    smallest: int = 64  # the public board of a small profile still has an interval worth showing
    largest: int = 10_000


@dataclass(frozen=True)
class Prepared:
    """A data set split for one course: what students get, and what stays with the grader.

    `heldout` must have a boolean array `public` of length n: True for the items of the public board."""

    public: Arrays
    heldout: Arrays


@dataclass(frozen=True)
class Picture:
    """A grid of grey images made from public examples only.

    pixels: (rows, columns, height, width) float in [0, 1]. `rows` names the rows, top to bottom.
    """

    name: str
    rows: tuple[str, ...]
    pixels: Array


@dataclass(frozen=True)
class Preview:
    """What the public check found: scores on public examples (not the board's), pictures, texts by name.

    What a model wrote is whatever its author wants: who shows it makes it harmless (leaderboard.plain).
    """

    scores: Mapping[str, float]
    pictures: tuple[Picture, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scores:
    """What an assignment's `evaluate` found, by metric name.

    items: per-item scores, each (n,) float32 in the order of the held-out items; the grader averages those of
    each board and bootstraps their intervals. public, private: the boards' figures for metrics that belong to
    a whole set and have no items, a distance of two distributions, say; they come with their own half-width.
    A metric is in `items`, or in both `public` and `private`.
    """

    items: Arrays = field(default_factory=dict)
    public: Mapping[str, Estimate] = field(default_factory=dict)
    private: Mapping[str, Estimate] = field(default_factory=dict)


class Session(Protocol):
    """One fresh sandbox with the submission loaded, seen as something that answers questions."""

    def ask(self, method: str, *inputs: Array, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """Call `model.<method>(*inputs)`; return its answer, float32 of exactly `shape`, all finite.

        Raises BadSubmission when the answer is late, missing, of another shape or type, or not finite.
        """

    def ask_all(
        self, method: str, *inputs: Array, shapes: Sequence[tuple[int, ...]]
    ) -> list[npt.NDArray[np.float32]]:
        """The same for a method that returns a tuple: one answer of each of `shapes`."""

    def start(self, batch: int) -> None:
        """Begin a conversation: `state = model.start(batch)`. The state stays in the sandbox, whatever it is.

        Raises BadSubmission.
        """

    def step(self, *inputs: Array, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """Go on with it: `answer, state = model.step(*inputs, state)`; return the answer, as `ask` does.

        Raises BadSubmission, also when what came back is no pair.
        """


class Student(Protocol):
    """The author's model from outside."""

    @property
    def code_bytes(self) -> int:
        """How long a train run's archive is, packed; 0 in an evaluate run."""

    def session(self, role: str) -> AbstractContextManager[Session]:
        """Open a fresh sandbox that has never seen anything but the submission."""

    def progress(self, done: int, total: int) -> None:
        """Tell whoever waits how many held-out items have been answered."""


def as_they_are(public: Arrays, heldout: Arrays, rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """Deal every train run the same: the public data."""
    return public, heldout


@dataclass(frozen=True, kw_only=True)
class Assignment(Outline):
    """One task of the course; `assignments/<slug>/assignment.py` makes it.

    `prepare(source, seed, n)` draws n held-out items by the course's secret seed; `source` is the data set's
    folder, None for the usual places. It may trust n to be within `items`: `grader.prepared.draw` calls it.
    `deal(public, heldout, rng)` draws what one train run is trained on and what `evaluate` is given after it,
    by a seed that nobody knew when the code was handed in: arrays of the same names and types, as many or
    fewer. What students have beforehand can be carried by place in a few kB of code; what is dealt can't.
    """

    prepare: Callable[[Path | None, int, int], Prepared]
    check: Callable[[Session, Arrays], Preview]
    evaluate: Callable[[Student, Arrays, np.random.Generator], Scores]
    deal: Callable[[Arrays, Arrays, np.random.Generator], tuple[Arrays, Arrays]] = as_they_are
    items: Range = field(default_factory=Range)
    block: int = 1  # items in a row that belong together, pieces of one text say
    repeatable: bool = True  # judged again a model has the same scores: no luck of the run is in them
    divisible: bool = True  # a course may set which share of the items is public: each is scored by itself
    folder: Path = Path()
