"""What students and instructors decide, one method and one transaction each; the audit log has it all."""

from collections.abc import Sequence
from datetime import datetime

from grader.spec import Assignment
from leaderboard import merging, rulings, selections, views
from leaderboard.database import Clock, Database
from leaderboard.records import Event, State


class Decisions:
    """A part of `Store`. Assignments are those of the course, under its settings."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def select(self, refs: Sequence[int], assignment: Assignment) -> None:
        """These are the team's final ones, and no others. Raises HeldoutError."""
        with self._database.writing() as session:
            selections.choose(session, refs, assignment, self._clock())

    def settle(self, team: str, refs: Sequence[int], assignment: Assignment) -> None:
        """These are the team's final ones on both of the assignment's boards. Raises HeldoutError."""
        with self._database.writing() as session:
            selections.settle(session, team, refs, assignment, self._clock())

    def withdraw(self, ref: int, assignment: Assignment, *, undo: bool = False) -> State:
        """Take a submission back; return its state. Raises HeldoutError."""
        with self._database.writing() as session:
            act = rulings.bring_back if undo else rulings.withdraw
            return act(session, ref, assignment, self._clock())

    def extend(self, assignment: Assignment, username: str, until: datetime | None) -> datetime | None:
        """A student's own deadline; None takes it back. Returns the one before. Raises HeldoutError."""
        with self._database.writing() as session:
            return rulings.extend(session, assignment, username, until, self._clock())

    def disqualify(self, assignment: Assignment, team: str, reason: str) -> None:
        """Off the boards, until reinstated. Raises HeldoutError."""
        with self._database.writing() as session:
            rulings.disqualify(session, assignment, team, reason, self._clock())

    def reinstate(self, assignment: Assignment, team: str) -> None:
        """Undo `disqualify`. Raises HeldoutError."""
        with self._database.writing() as session:
            rulings.reinstate(session, assignment, team, self._clock())

    def reveal(self, assignment: Assignment, *, undo: bool = False) -> None:
        """Show the private boards to everybody."""
        with self._database.writing() as session:
            rulings.reveal(session, assignment, self._clock(), undo=undo)

    def merge(self, into: str, other: str, assignments: Sequence[Assignment]) -> None:
        """Make two teams one. Raises HeldoutError where an assignment's rules forbid it."""
        with self._database.writing() as session:
            merging.merge(session, into, other, assignments, self._clock())

    def part(self, name: str, assignments: Sequence[Assignment]) -> None:
        """Undo `merge`, by the name of the team that is no more. Raises HeldoutError."""
        with self._database.writing() as session:
            merging.part(session, name, assignments, self._clock())

    def events(self) -> list[Event]:
        """The audit log, oldest first."""
        with self._database.reading() as session:
            return views.events(session)
