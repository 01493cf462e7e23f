"""What grades are computed from: frozen records, whatever they were read from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from leaderboard.marks import NotebookPoints as NotebookPoints


class Notebooks(Protocol):
    """Where notebooks' points come from."""

    def points(self, slug: str) -> Sequence[NotebookPoints]: ...


@dataclass(frozen=True)
class Pupil:
    student_id: int
    username: str
    name: str
    email: str
    team: str


@dataclass(frozen=True)
class Attempt:
    """What a student would have on the board, had nothing been received later: a submission's score.

    Of a notebook, `score` is the part of the possible points.
    """

    ref: int
    score: float
    received_at: datetime
    judging_id: int | None = None
    data_sha256: str = ""
    pending: int = 0


@dataclass(frozen=True)
class Work:
    """A student's for one item; `attempts` in the order received, the team's for each of its members.

    `deadline`: with the extension. `early`: a submission met the early rule.
    """

    attempts: tuple[Attempt, ...] = ()
    deadline: datetime | None = None
    early: bool = False

    @property
    def on_time(self) -> Attempt | None:
        """The last in time: what stands."""
        found = [one for one in self.attempts if self.deadline is None or one.received_at <= self.deadline]
        return found[-1] if found else None


@dataclass(frozen=True)
class Entered:
    """Points that somebody entered: an item's own, or in place of computed ones."""

    points: float
    who: str
    at: datetime
    why: str


NOTHING = Work()


@dataclass(frozen=True)
class Facts:
    """By username, then item. `edges`: where an item's tie groups begin, as losses: see `Snapshot`."""

    pupils: Sequence[Pupil]
    work: Mapping[str, Mapping[str, Work]] = field(default_factory=dict)
    entered: Mapping[str, Mapping[str, Entered]] = field(default_factory=dict)
    edges: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def of(self, pupil: Pupil, item: str) -> Work:
        return self.work.get(pupil.username, {}).get(item, NOTHING)

    def entry(self, pupil: Pupil, item: str) -> Entered | None:
        return self.entered.get(pupil.username, {}).get(item)
