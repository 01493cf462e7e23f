"""The desk: what one asks of a course. `desk.local` answers from a course folder, `desk.remote` over HTTP."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from grader.archive import Archive
from grader.outline import Outline, RunKind
from leaderboard.records import Event, Quota, Receipt, Row, State, Submission, Team

Sent = Callable[[int, int], None]  # bytes that have arrived, of how many


def unseen(done: int, total: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Which:
    """One of an assignment's boards, now or as it was told `at` a time; `live`: even while it is frozen."""

    slug: str
    run_kind: RunKind = RunKind.EVALUATE
    private: bool = False
    at: datetime | None = None
    live: bool = False


@dataclass(frozen=True)
class Standings:
    """A board with its assignment. `frozen_at`: the moment that is shown while the public board is frozen."""

    outline: Outline
    rows: Sequence[Row]
    revealed: bool
    frozen_at: datetime | None = None


@dataclass(frozen=True)
class Listed:
    """An assignment with a team's rows of its two boards: practice, train runs."""

    outline: Outline
    best: Row | None = None
    trained: Row | None = None


@dataclass(frozen=True)
class Shown:
    """A submission with its assignment: what its team may know of it."""

    outline: Outline
    submission: Submission


class Desk(Protocol):
    """Every method raises HeldoutError. `team`: None is one's own, or the course's only one."""

    @property
    def address(self) -> str:
        """Where it is: a folder, or a URL."""

    def listed(self, team: str | None = None) -> Sequence[Listed]:
        """All assignments."""

    def outline(self, slug: str) -> Outline: ...

    def kit(self, slug: str) -> bytes:
        """What a student starts from, as a zip: statement, starter code, and the public data in data/."""

    def submit(
        self,
        archive: Archive,
        slug: str,
        run_kind: RunKind,
        *,
        description: str,
        team: str | None = None,
        sent: Sent = unseen,
    ) -> Receipt:
        """Hand in. The receipt comes once bytes and row are durable."""

    def limits(self, slug: str, run_kind: RunKind, team: str | None = None) -> Quota: ...

    def submissions(self, slug: str, team: str | None = None) -> tuple[Outline, Sequence[Submission]]:
        """A team's, newest first, without logs."""

    def submission(self, ref: int) -> Shown:
        """With its log."""

    def pictures(self, ref: int) -> Mapping[str, bytes]:
        """PNG files by name. Raises HeldoutError where its score is withheld."""

    def standings(self, which: Which, *, members: bool = False) -> Standings:
        """A board; rows tell their teams' members if asked."""

    def charts(self, which: Which) -> Mapping[str, bytes]:
        """The board's drawings, SVG files by name."""

    def select(self, refs: Sequence[int]) -> None:
        """One's final submissions to one board: these, and no others."""

    def withdraw(self, ref: int, *, undo: bool = False) -> State:
        """Take a submission back; returns its state."""

    def teams(self) -> Sequence[Team]: ...

    def write_up(self, ref: int, text: str) -> None:
        """How one got there, for the class to read after the deadline; replaces what was there."""


class StaffDesk(Desk, Protocol):
    """What instructors decide, all of it audited and undoable."""

    def extend(self, slug: str, username: str, until: datetime | None) -> datetime | None:
        """A student's own deadline, None takes it back; returns the one before."""

    def disqualify(self, slug: str, team: str, reason: str) -> None: ...

    def reinstate(self, slug: str, team: str) -> None: ...

    def reveal(self, slug: str, *, undo: bool = False) -> None:
        """The private boards, for everybody."""

    def merge(self, into: str, other: str) -> None: ...

    def part(self, other: str) -> None: ...

    def events(self) -> Sequence[Event]:
        """The audit log, oldest first."""
