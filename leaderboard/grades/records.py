"""What leaves the gradebook: frozen records of what was applied and entered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from leaderboard.grades.facts import Pupil
from leaderboard.grades.lateness import figure
from leaderboard.grades.policy_file import PolicyFile

APPLIED, ENTERED = "applied", "entered"


@dataclass(frozen=True)
class GradeEvent:
    """See `GradeEventRow`. `ref`: the submission. `steps` of what was entered: why."""

    number: int
    username: str
    item: str
    kind: str
    raw: float | None
    points: float | None
    penalty: float
    total: float | None
    possible: float | None
    letter: str
    slack: float
    source: str
    ref: int | None
    judging_id: int | None
    policy_sha256: str | None
    data_sha256: str
    steps: tuple[str, ...]
    who: str
    at: datetime

    @property
    def by_hand(self) -> bool:
        return self.source == ENTERED

    @property
    def feedback(self) -> str:
        """For the student; why something was entered is the instructors' own."""
        if self.by_hand:
            return f"{figure(self.total or 0.0)} of {figure(self.possible or 0.0)} points, entered by hand"
        return "\n".join(self.steps)


@dataclass(frozen=True)
class Applied:
    """One student's grades as they were applied; `total`: the course's."""

    pupil: Pupil
    grades: Mapping[str, GradeEvent] = field(default_factory=dict)
    total: GradeEvent | None = None


@dataclass(frozen=True)
class Book:
    """All grades as they were applied, under the policy that was applied last.

    `hidden`: items whose board is not revealed yet, or frozen.
    """

    file: PolicyFile
    who: str
    at: datetime
    students: Sequence[Applied]
    hidden: frozenset[str] = frozenset()

    def of(self, username: str) -> Applied | None:
        return next((one for one in self.students if one.pupil.username == username), None)


@dataclass(frozen=True)
class Run:
    """What an application did. `events`: grades that changed."""

    sha256: str
    events: int
    students: int
    new: bool  # it changed something, if only the policy


@dataclass(frozen=True)
class Entry:
    """Points for a student's item; None takes back what was entered. `student`: username or e-mail."""

    item: str
    student: str
    points: float | None


@dataclass(frozen=True)
class Shown:
    """One line of a student's own grades. `withheld`: it would tell of a board that is not shown yet."""

    item: str
    total: float | None
    possible: float | None
    letter: str = ""
    steps: tuple[str, ...] = ()
    at: datetime | None = None
    withheld: bool = False
