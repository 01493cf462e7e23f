"""What goes into grading one submission and what comes out: frozen records that the ledger stores."""

from __future__ import annotations  # numpy is for the type checker: a student's client has none

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from grader.errors import Reason
from grader.outline import Estimate as Estimate  # a part of a report, made by assignments as well
from grader.outline import Limits, RunKind

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from grader.spec import Arrays


@dataclass(frozen=True)
class Job:
    """A submission claimed for grading: one attempt, ours until `expires_at` (UTC) unless renewed."""

    ref: int
    team: str
    assignment: str
    sha256: str
    attempt: int
    holder: str
    expires_at: datetime
    run_kind: RunKind = RunKind.EVALUATE
    data_version: int = 1  # of the assignment's data
    regrade: int | None = None  # the set that it is judged again in


@dataclass(frozen=True)
class Choice:
    """Some of the queue, by assignment and kind: what is `named`, or with `others` all but that."""

    named: frozenset[tuple[str, RunKind]] = frozenset()
    others: bool = True


EVERYTHING = Choice()


class Verdict(StrEnum):
    SCORED = "scored"
    FAILED = "failed"  # the student's fault, with a reason
    GRADER_ERROR = "grader error"  # ours: retried, never costs an attempt


@dataclass(frozen=True)
class Failure:
    reason: Reason
    message: str  # for the student; lines "what", "where: …", "expected: …", "next: …"


WORKER = "worker "  # among the layers, before the name of a cluster's: which staff alone are told


@dataclass(frozen=True)
class Resources:
    """How the submission was run and what it used, over all sandboxes that it answered in: see `Training`."""

    launcher: str = ""
    layers: tuple[str, ...] = ()
    wall_seconds: float = 0.0  # of the student's code only
    cpu_seconds: float = 0.0  # with the start-up of its sandboxes
    peak_bytes: int = 0  # of the largest sandbox
    limits: Limits | None = None
    killed: str = ""  # the limit that was met, in its training too: "wall time", "memory", "processor time"
    doing: str = ""  # while it was met: "loading", "calling denoise on batch 3"
    dropped_bytes: int = 0  # output made while held-out inputs were inside
    machine: str = ""  # see `grader.machine`
    gpu_seconds: float = 0.0  # for which a GPU was its own


@dataclass(frozen=True)
class Training:
    """What the training of a train run used, and said of itself; of one that failed, too.

    beats: at which calls of its budget it was told how many of the `budget` seconds were left: by these it
    can be repeated. public, private: what came of it, where there are several.
    """

    seed: int
    steps: int  # as train() counted them
    cpu_seconds: float  # of the budget, unless it had a GPU
    cut: bool  # the budget's end came before train()'s: what was saved last before it counts
    curve: tuple[tuple[int, float], ...] = ()  # (step, loss), once a second
    wall_seconds: float = 0.0  # under no limit of its own
    peak_bytes: int = 0
    gpu_seconds: float = 0.0  # of the budget, where it had one
    budget: float = 0.0
    beats: tuple[tuple[int, float], ...] = ()
    checkpoint_sha256: str = ""
    public: float | None = None
    private: float | None = None
    broke: str = ""  # what train() raised, or the limit that it met, after something was sealed: that counts


class CellState(StrEnum):
    PASSED = "passed"
    FAILED = "failed"  # a test that its author can see
    FAILED_HIDDEN = "failed hidden"  # only one that they can't
    STOPPED = "stopped"  # it took too long, or its process ended
    TAMPERED = "tampered"  # wrong tests passed: it was not asked
    NOT_RUN = "not run"
    MANUAL = "manual"  # somebody reads it and gives points


@dataclass(frozen=True)
class CellResult:
    """Of a notebook's cell that points are given for. `message`, and `notes` about what its author changed,
    are for their eyes: nothing in them comes from a hidden test.
    """

    id: str
    state: CellState
    possible: float
    points: float = 0.0  # from its tests
    visible: float = 0.0  # the same, if hidden tests didn't count
    message: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """One judging. `items` maps a metric's name to per-item scores, (n,) float32, where it has such.

    Of the metric that ranks: `losses`, the public items' scores within its bounds, lower is better, (m,);
    None for a score of a whole set. `resampled`: split → (B,) float32, its score in resamples of the split's
    items, the same resamples for every submission that was judged on the same data. `blocks`: split → how
    many pieces that belong together these were drawn from; 0 for a whole set.
    """

    verdict: Verdict
    run_seed: int
    data_sha256: str = ""
    public: Mapping[str, Estimate] = field(default_factory=dict)
    private: Mapping[str, Estimate] = field(default_factory=dict)
    items: Arrays = field(default_factory=dict)
    losses: npt.NDArray[np.float32] | None = None
    resampled: Arrays = field(default_factory=dict)
    blocks: Mapping[str, int] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)  # name → PNG
    texts: Mapping[str, str] = field(default_factory=dict)  # by name, as the model wrote them
    failure: Failure | None = None
    log: str = ""  # the student's output while loading and on public examples; for GRADER_ERROR our traceback
    resources: Resources = Resources()
    training: Training | None = None
    further: tuple[Training, ...] = ()  # of the same code by other seeds: the scores are their mean
    cells: tuple[CellResult, ...] = ()  # of a notebook
    notebook: bytes = b""  # as it ran: see `grader.notebook.executed`
