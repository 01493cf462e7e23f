"""What leaves the ledger: frozen records, so that no database row is ever held outside a transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from grader.report import Estimate, Failure, Resources, Training, Verdict
from grader.spec import RunKind

Estimates = Mapping[str, Estimate]  # by metric name


class TeamKind(StrEnum):
    STUDENT = "student"
    BASELINE = "baseline"
    REFERENCE = "reference"


class State(StrEnum):
    """Where a submission is. FAILED is the student's fault; GRADER_ERROR is ours and costs no attempt."""

    QUEUED = "queued"
    RUNNING = "running"
    SCORED = "scored"
    FAILED = "failed"
    GRADER_ERROR = "grader error"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self not in (State.QUEUED, State.RUNNING)


@dataclass(frozen=True)
class Student:
    """One line of a roster. `team` is the student's own name unless the roster says otherwise."""

    name: str
    email: str
    username: str
    team: str


@dataclass(frozen=True)
class RosterChange:
    """What an import did: how many were new, changed or already there, and who is in the course unlisted.

    `replaced` has usernames that were somebody's already, each with what its student got instead.
    """

    new: int
    changed: int
    unchanged: int
    unlisted: tuple[str, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Team:
    team_id: int
    name: str
    kind: TeamKind
    members: tuple[str, ...] = ()  # usernames


@dataclass(frozen=True)
class Receipt:
    """Proof that a submission's bytes and row are durable."""

    ref: int
    team: str
    assignment: str
    sha256: str
    size: int
    received_at: datetime
    duplicate: bool  # the same team had sent the same bytes: this is the earlier receipt


@dataclass(frozen=True)
class Judging:
    """What one attempt at grading found. In listings `log` and `fault` are left empty.

    `fault` is what went wrong on our side, with our traceback: for instructors only.
    """

    attempt: int
    verdict: Verdict
    judged_at: datetime
    run_seed: int | None  # None: the attempt was lost before it had one
    data_sha256: str = ""
    public: Estimates = field(default_factory=dict)
    private: Estimates = field(default_factory=dict)
    failure: Failure | None = None
    log: str = ""
    fault: str = ""
    resources: Resources = field(default_factory=Resources)
    texts: Mapping[str, str] = field(default_factory=dict)  # on public examples, as the model wrote them
    training: Training | None = None


@dataclass(frozen=True)
class Submission:
    """All that is known of one submission; `judging` is the one that counts, or the last that broke.

    `ahead` counts the queued submissions that will be claimed before this one; None unless queued.
    """

    ref: int
    assignment: str
    team: str
    kind: TeamKind
    file_name: str
    description: str
    sha256: str
    size: int
    received_at: datetime
    state: State
    attempts: int
    run_kind: RunKind = RunKind.EVALUATE
    ahead: int | None = None
    judging: Judging | None = None

    @property
    def public(self) -> Estimates | None:
        return self.judging.public if self.judging and self.state is State.SCORED else None

    @property
    def private(self) -> Estimates | None:
        return self.judging.private if self.judging and self.state is State.SCORED else None

    @property
    def failure(self) -> Failure | None:
        return self.judging.failure if self.judging and self.state is State.FAILED else None


@dataclass(frozen=True)
class Showing:
    """What a submission made of public examples: PNG files and texts by name. False: nothing."""

    pictures: Mapping[str, bytes] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.pictures or self.texts)


@dataclass(frozen=True)
class Entry:
    """A judged submission as ranking needs it. A failed one has no metrics, and only counts as an entry."""

    ref: int
    team_id: int
    team: str
    kind: TeamKind
    received_at: datetime
    judged_at: datetime
    metrics: Estimates = field(default_factory=dict)
    launcher: str = ""  # "none": graded without a sandbox


@dataclass(frozen=True)
class Row:
    """A team's place on a board. Baselines and references have rank 0 and take no rank from anybody."""

    rank: int
    change: str  # "new", "↑1", "↓2" or ""
    team: str
    team_id: int
    kind: TeamKind
    ref: int  # of the entry that the score is from
    score: float
    half_width: float
    tier: str
    entries: int
    last: datetime
    best_before: str  # how long before `last` the best was received: "-2.5h"; empty when it is the last
    badges: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
