"""Judging again, in sets, one method and one transaction each: see `regrading`."""

from collections.abc import Sequence

from sqlalchemy import func, select

from grader.spec import Assignment
from leaderboard import claims, regrading, snapshots
from leaderboard.boards import Board
from leaderboard.candidates import PRIVATE, PUBLIC
from leaderboard.database import Clock, Database
from leaderboard.records import Regrade, Snapshot
from leaderboard.tables import RegradeRow


class Regrades:
    """A part of `Store`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(
        self,
        assignment: Assignment,
        refs: Sequence[int] = (),
        *,
        everything: bool = False,
        reason: str = "",
        data_version: int | None = None,
    ) -> Regrade:
        """Queue a set to be judged again, behind what students wait for: `refs`, or all that was ever judged,
        or by default what stands on a board or may. Raises HeldoutError when one is open already.
        """
        with self._database.writing() as session:
            return regrading.begin(
                session,
                assignment,
                refs,
                everything=everything,
                reason=reason,
                version=data_version,
                now=self._clock(),
            )

    def current(self, slug: str) -> Regrade:
        """The open set. Raises HeldoutError when there is none."""
        with self._database.reading() as session:
            return regrading.current(session, slug)

    def preview(self, board: Board, *, private: bool = False) -> tuple[Snapshot, Snapshot]:
        """The board as it is, and as it would be with the open set applied; nothing is changed."""
        with self._database.trying() as session:
            split, now = PRIVATE if private else PUBLIC, self._clock()
            snapshots.retie(session, board, now)
            before = snapshots.snapshot(session, board, split)
            regrading.apply(session, board.assignment, now)
            snapshots.retie(session, board, now)
            return before, snapshots.snapshot(session, board, split)

    def apply(self, assignment: Assignment) -> Regrade:
        """Make the open set's judgings those that count, all at once. Raises HeldoutError."""
        with self._database.writing() as session:
            return regrading.apply(session, assignment, self._clock())

    def cancel(self, slug: str) -> Regrade:
        """Nothing comes of the open set; its judgings stay. Raises HeldoutError."""
        with self._database.writing() as session:
            return regrading.cancel(session, slug, self._clock())

    def data_version(self, slug: str) -> int:
        """Which of the assignment's data everything is judged on."""
        with self._database.reading() as session:
            return claims.data_version(session, slug)

    def newest_version(self, slug: str) -> int:
        """The highest that any set was for, whatever became of it."""
        with self._database.reading() as session:
            query = select(func.max(RegradeRow.data_version)).where(RegradeRow.assignment == slug)
            return session.scalar(query) or 1
