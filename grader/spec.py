"""What an assignment is: metrics, tiers, limits, and the three functions its folder provides."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from grader.rules import Rules

MB = 1_000_000
MIB = 1 << 20

Array = npt.NDArray[Any]
Arrays = Mapping[str, Array]


def readable(count: int) -> str:
    """Bytes for people.

    >>> readable(2 << 30), readable(1_500_000_000), readable(7 << 20)
    ('2 GiB', '1.4 GiB', '7 MiB')
    """
    if count < 1 << 30:
        return f"{count / MIB:.0f} MiB"
    return f"{count / (1 << 30):.1f}".removesuffix(".0") + " GiB"


@dataclass(frozen=True)
class Metric:
    """A figure per held-out item, averaged, or one of a whole set; direction is declared, never inferred.

    `note`: a sentence for the board's page, where a figure needs one. `bounds`: beyond them an item's score
    is not looked at when the public board decides whether a submission is better; without them a single item
    could be told from the mean.
    """

    name: str
    unit: str
    higher_is_better: bool
    digits: int = 2
    note: str = ""
    bounds: tuple[float, float] = (-math.inf, math.inf)

    @property
    def label(self) -> str:
        """The head of a column.

        >>> Metric("psnr", "dB", higher_is_better=True).label
        'psnr [dB]'
        """
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True)
class Tier:
    """A score worth a name. `exemplar` is the shipped submission that shows it can be reached."""

    name: str
    score: float
    exemplar: str  # "baselines/denoising/wiener"


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Each is a setting of the assignment; a course may override it."""

    archive_bytes: int = 20 * MB
    unpacked_bytes: int = 256 * MIB
    unpacked_files: int = 2_000
    memory_bytes: int = 2_048 * MIB
    check_seconds: float = 60.0  # wall time of the student's code on public examples
    wall_seconds: float = 120.0  # wall time of the student's code on held-out items, over all its sandboxes
    threads: int = 1
    processes: int = 64  # and threads, of one sandbox
    open_files: int = 256
    gpu: bool = False  # one whole GPU, and the device "cuda": cold sandboxes only
    programs: bool = False  # may start other programs: only train runs, whose data is all public
    scratch_bytes: int = 256 * MIB  # a sandbox's writable memory file system
    log_bytes: int = 64 * 1024


class RunKind(StrEnum):
    """What happens to a submission; each kind has a board of its own."""

    EVALUATE = "evaluate"  # its weights are used: for practice
    TRAIN = "train"  # it is code alone, which the grader trains: what grades should rest on


@dataclass(frozen=True)
class Range:
    """How many held-out items a course may have drawn; `largest` is what it gets unless it sets a number."""

    smallest: int = 64  # the public board of a small profile still has an interval worth showing
    largest: int = 10_000


@dataclass(frozen=True)
class Budget:
    """What one train run may bring along and use.

    Processor seconds, of all its processes together, don't depend on how busy the machine is.
    """

    cpu_seconds: float = 120.0
    archive_bytes: int = 16 * 1024  # packed: room for 10,000 weights or 40,000 labels, hence `deal`
    checkpoint_bytes: int = 16 * MB


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
class Estimate:
    """A score and the half-width of its 95 % interval, in the metric's unit."""

    value: float
    half_width: float


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


@dataclass(frozen=True)
class Assignment:
    """One task of the course; `assignments/<slug>/assignment.py` makes it.

    metrics[0] ranks; the others are shown. tiers go from the easiest to the hardest; train runs have
    their own, since a training within `budget` reaches less than weights that took hours; by default none.
    captions explain what `check` shows, each picture and text by its name, to who sees it for the first time.
    `prepare(source, seed, n)` draws n held-out items by the course's secret seed; `source` is the data set's
    folder, None for the usual places. It may trust n to be within `items`: `grader.prepared.draw` calls it.
    `deal(public, heldout, rng)` draws what one train run is trained on and what `evaluate` is given after it,
    by a seed that nobody knew when the code was handed in: arrays of the same names and types, as many or
    fewer. What students have beforehand can be carried by place in a few kB of code; what is dealt can't.
    """

    slug: str
    title: str
    metrics: tuple[Metric, ...]
    tiers: tuple[Tier, ...]
    prepare: Callable[[Path | None, int, int], Prepared]
    check: Callable[[Session, Arrays], Preview]
    evaluate: Callable[[Student, Arrays, np.random.Generator], Scores]
    deal: Callable[[Arrays, Arrays, np.random.Generator], tuple[Arrays, Arrays]] = as_they_are
    items: Range = field(default_factory=Range)
    limits: Limits = field(default_factory=Limits)
    budget: Budget = field(default_factory=Budget)  # of a train run
    train_tiers: tuple[Tier, ...] = ()
    captions: Mapping[str, str] = field(default_factory=dict)
    block: int = 1  # items in a row that belong together, pieces of one text say
    repeatable: bool = True  # judged again a model has the same scores: no luck of the run is in them
    divisible: bool = True  # a course may set which share of the items is public: each is scored by itself
    rules: Rules = field(default_factory=Rules)
    folder: Path = Path()

    @property
    def metric(self) -> Metric:
        return self.metrics[0]

    def archive_limit(self, run_kind: RunKind) -> int:
        """Bytes that may be handed in: of a train run little, for it brings no weights along."""
        return self.budget.archive_bytes if run_kind is RunKind.TRAIN else self.limits.archive_bytes

    def tiers_of(self, run_kind: RunKind) -> tuple[Tier, ...]:
        return self.train_tiers if run_kind is RunKind.TRAIN else self.tiers

    def tier_of(self, score: float, run_kind: RunKind = RunKind.EVALUATE) -> str:
        """The hardest tier of the board of `run_kind` that `score` reaches, or an empty string."""
        sign = 1 if self.metric.higher_is_better else -1
        tiers = self.train_tiers if run_kind is RunKind.TRAIN else self.tiers
        for tier in reversed(tiers):
            if sign * score >= sign * tier.score:
                return tier.name
        return ""
