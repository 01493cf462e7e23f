"""What goes on in the course: gradings that run, who runs them, what is written about their results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from grader.outline import RunKind
from grader.report import Verdict

LONGEST_TAIL = 4096  # bytes of what the student's code printed
LONGEST_WRITE_UP = 20_000  # characters


@dataclass(frozen=True)
class Progress:
    """What the grading of a submission told of itself, `at` a time. `total` 0: nothing is counted.

    Once held-out items are inside, nothing is told any more but that: how fast answers come could spell them.
    """

    phase: str
    done: int
    total: int
    tail: str  # the end of what the student's code printed
    at: datetime


@dataclass(frozen=True)
class WriteUp:
    """What a team wrote about a submission, as Markdown; of several texts the latest."""

    ref: int
    team: str
    text: str
    written_at: datetime
    run_kind: RunKind


@dataclass(frozen=True)
class Grader:
    """A process that grades, `slots` submissions at a time. `running`: their numbers.

    `lanes`: how many at a time by where, in this process, on a cluster's CPUs or GPUs. `draining`: it ends
    what it began, and gets nothing more.
    """

    holder: str
    slots: int
    seen_at: datetime
    running: tuple[int, ...] = ()
    lanes: Mapping[str, int] = field(default_factory=dict)
    draining: bool = False


@dataclass(frozen=True)
class Pause:
    """Since `at` nothing of the assignment is graded; of none ("") nothing at all."""

    assignment: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Spent:
    """Seconds that a team's gradings used: of processors for answers and for trainings, of GPUs."""

    team: str
    judgings: int
    answering_seconds: float
    training_seconds: float
    gpu_seconds: float


@dataclass(frozen=True)
class Tally:
    """The queue at one moment. `oldest_seconds`: for how long the one has waited that came first."""

    counts: Mapping[str, int]  # submissions by state
    oldest_seconds: float | None  # None: nothing waits
    graders: tuple[Grader, ...]
    pauses: tuple[Pause, ...] = ()
    regrades: int = 0  # that wait behind the queue
    judged_hour: int = 0  # judgings in the last hour, of those that came to an end
    empty_seconds: float | None = (
        None  # until the queue is empty, if nothing comes; None: nobody knows, or it is paused
    )


@dataclass(frozen=True)
class Judged:
    """One judging in seconds. None: an attempt that was lost, or that did not begin with waiting."""

    judging_id: int
    assignment: str
    run_kind: RunKind
    verdict: Verdict
    killed: str  # the limit that was met: "wall time", "memory", "processor time"
    waiting_seconds: float | None  # in the queue, before the first attempt
    training_seconds: float | None  # None: nothing was trained
    answering_seconds: float
    total_seconds: float | None  # from the claim to the record
