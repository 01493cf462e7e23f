"""What leaves the ledger: frozen records, so that no database row is ever held outside a transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from grader.outline import RunKind
from grader.report import Estimate, Failure, Resources, Training, Verdict
from leaderboard.activity import Progress
from leaderboard.marks import Graded

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
    late: bool = False  # after the deadline: it will be scored, and not ranked
    left: int | None = None  # how many more the team may hand in today; None: no limit


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
    further: tuple[Training, ...] = ()  # of the same code by other seeds: the scores are their mean
    reproduced: bool | None = None  # whether the same came out when it was repeated; None: it never was
    same_as: str = ""  # the reference solution whose answers these are: they take no rank
    cells: tuple[Graded, ...] = ()  # of a notebook, not told in listings


@dataclass(frozen=True)
class Attempt:
    """One line of a submission's timeline. `fault`: what broke on our side, and who tried: for staff.

    began: None where an attempt was lost before that was noted.
    """

    number: int
    began: datetime | None
    ended: datetime
    verdict: Verdict
    holder: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Place:
    """In the queue: how many will be claimed before, and in how many seconds it may begin.

    None: nobody knows, for no grader is at work, or grading is paused.
    """

    ahead: int
    seconds: float | None = None
    paused: bool = False


@dataclass(frozen=True)
class Submission:
    """All that is known of one submission; `judging` is the one that counts, or the last that broke.

    `place`: None unless queued; `progress`: None unless running. In listings `write_up` and `timeline` are
    left empty.
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
    place: Place | None = None
    progress: Progress | None = None
    judging: Judging | None = None
    released: bool = True
    selected: bool = False
    withdrawn: bool = False
    write_up: str = ""  # Markdown, as its team wrote it
    timeline: tuple[Attempt, ...] = ()  # attempts that have come to an end

    @property
    def public(self) -> Estimates | None:
        """What the public board released: nothing of a submission that did not improve on it."""
        return self.judging.public if self.judging and self.state is State.SCORED and self.released else None

    @property
    def withheld(self) -> bool:
        """Scored, and no significant improvement on what the public board shows of its team."""
        return self.state is State.SCORED and not self.released

    @property
    def same_as(self) -> str:
        """The reference solution whose answers these are."""
        return self.judging.same_as if self.judging and self.state is State.SCORED else ""

    @property
    def texts(self) -> Mapping[str, str]:
        """What its model wrote; of a score that is withheld, nothing is shown."""
        return {} if self.judging is None or self.withheld else self.judging.texts

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
class Candidate:
    """A scored submission, as far as it matters to what its team has on a board."""

    ref: int
    judging_id: int
    received_at: datetime
    public: Estimate  # of the metric that ranks
    private: Estimate
    released: bool = True  # the public board showed it when it was judged
    selected: bool = False
    withdrawn: bool = False
    same_as: str = ""  # the reference solution whose answers these are
    badges: tuple[str, ...] = ()
    spread: Mapping[str, float] = field(default_factory=dict)  # by split: see `Standing`


class Standing(NamedTuple):  # a board has thousands, and a tuple is made in a tenth of the time
    """What a team has on one board at one time."""

    team_id: int
    team: str
    key: str  # what its name is sorted by
    kind: TeamKind
    ref: int  # of the submission that the score is from
    score: float
    half_width: float
    received_at: datetime  # of that submission
    entries: int  # scored and failed submissions: those that cost an attempt
    last_at: datetime  # when the latest of them was received
    badges: tuple[str, ...] = ()
    spread: float | None = None  # the standard deviation of its trainings' scores; None: it had one training


@dataclass(frozen=True)
class Snapshot:
    """A board at one moment. `edges`: where tie groups begin, the losses of their leaders after the first."""

    standings: Sequence[Standing] = ()
    edges: Sequence[float] = ()


@dataclass(frozen=True)
class Step:
    """A moment (UTC) at which a team's score became `score`, with its 95 % interval's half-width."""

    team: str
    kind: TeamKind
    at: datetime
    score: float
    half_width: float


@dataclass(frozen=True)
class Quota:
    """What a team may still hand in to one board, and until when. None: no limit."""

    today: int
    daily: int | None
    used: int
    total: int | None
    pending: int
    most_pending: int | None
    opens: datetime | None = None
    deadline: datetime | None = None
    closes: datetime | None = None
    next_at: datetime | None = None  # no earlier, after the last one that was scored
    revealed: bool = False  # the private board is there for all to see: nothing more is taken

    @property
    def left(self) -> int | None:
        """How many more today."""
        rooms = [limit - used for limit, used in self._counts if limit is not None]
        return max(0, min(rooms)) if rooms else None

    @property
    def _counts(self) -> tuple[tuple[int | None, int], ...]:
        return (self.daily, self.today), (self.total, self.used)


@dataclass(frozen=True)
class Regrade:
    """A set of submissions that is judged again. `broken`: on our side, so that they keep what they have."""

    number: int
    assignment: str
    reason: str
    state: str  # open, applied, cancelled
    data_version: int
    submissions: int
    waiting: int
    broken: int


@dataclass(frozen=True)
class Event:
    """One line of the audit log."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


class Row(NamedTuple):  # like Standing
    """A team's place on a board. Baselines and references have rank 0 and take no rank from anybody.

    Teams that can't be told apart share a rank.
    """

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
    spread: float | None = None  # as of Standing
