"""What the ledger tells of boards: one method, one transaction."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from grader.errors import UnknownAssignment
from grader.spec import Assignment
from leaderboard import graders, rulings, snapshots, standings
from leaderboard.boards import Board
from leaderboard.candidates import PRIVATE, PUBLIC
from leaderboard.database import Clock, Database
from leaderboard.records import Snapshot, Step
from leaderboard.steps import steps
from leaderboard.tables import BoardRow, EventRow

Assignments = Callable[[str], Assignment]
DAY = timedelta(days=1)
FEW = 30  # teams whose ties are found sooner than asked who else might look for them


class Boards:
    """The part of `Store` that pages and listings of boards are made of."""

    def __init__(self, database: Database, clock: Clock, assignments: Assignments) -> None:
        """`assignments`: by slug, under the course's settings."""
        self._database = database
        self._clock = clock
        self._assignment = assignments
        self._one_at_a_time = Lock()  # looking for ties: who comes meanwhile waits for what is found

    def refresh(self, board: Board, *, most: int | None = None) -> None:
        """Make the standings anew if the rules have changed, and look for ties if scores have.

        `most`: somebody waits for it. Ties of more teams, which take seconds, are left to whoever grades;
        while somebody does, so are all but few teams': until then a team is of the group whose scores it has.
        """
        with self._one_at_a_time:
            with self._database.reading() as session:
                if snapshots.has_rules(session, board) and not self._to_be_tied(session, board, most):
                    return
            with self._database.writing() as session:
                standings.board_row(session, board, self._clock())
                if not self._to_be_tied(session, board, most):
                    return
            with self._database.reading() as session:  # meanwhile others may write
                found = snapshots.find_ties(session, board)
            with self._database.writing() as session:
                snapshots.keep_ties(session, board, found, self._clock())

    def _to_be_tied(self, session: Session, board: Board, most: int | None) -> bool:
        """Whether scores have moved since ties were looked for, and it is the caller's turn to look."""
        row = session.get(BoardRow, (board.slug, board.run_kind))
        if row is None or not row.ties_stale:
            return False
        if most is None:
            return True
        count = standings.count(session, board)
        return count <= FEW or (count <= most and not graders.is_anybody(session, self._clock()))

    def refresh_all(self) -> None:
        """The same for all boards on which scores have moved."""
        with self._database.reading() as session:
            stale = snapshots.stale(session)
        for slug, run_kind in stale:
            with suppress(UnknownAssignment):  # the course has it no longer
                self.refresh(Board(self._assignment(slug), run_kind))

    def snapshots(
        self,
        board: Board,
        *,
        private: bool = False,
        at: datetime | None = None,
        since: datetime | None = None,
        live: bool = False,
    ) -> tuple[Snapshot, Snapshot]:
        """The board now, or `at` a time, and what it was `since`: see `reading.board`."""
        with self._database.reading() as session:
            split = PRIVATE if private else PUBLIC
            if not private and not live:
                at = self._told_at(session, board, at)
            since = since or (at or snapshots.moved_at(session, board, split) or self._clock()) - DAY
            return snapshots.snapshots(session, board, split, at, since)

    def _told_at(self, session: Session, board: Board, at: datetime | None) -> datetime | None:
        """The moment whose public board was told `at` a time: while it was frozen, that of the freeze."""
        now = self._clock()
        return rulings.frozen_at(session, board, min(at, now) if at else now) or at

    def history(
        self, board: Board, *, private: bool = False, at: datetime | None = None, live: bool = False
    ) -> list[Step]:
        """How the scores came about of the board that `snapshots` tells, in the order of time."""
        with self._database.reading() as session:
            if not private and not live:
                at = self._told_at(session, board, at)
            return steps(session, board, PRIVATE if private else PUBLIC, at)

    def changed_at(self, board: Board) -> datetime | None:
        """When a public score on it moved last."""
        with self._database.reading() as session:
            return snapshots.moved_at(session, board, PUBLIC)

    def stamp(self, board: Board) -> tuple[object, ...]:
        """Another one once anything has changed that a page of the board may show, but for the rules."""
        with self._database.reading() as session:
            row, now = session.get(BoardRow, (board.slug, board.run_kind)), self._clock()
            kept = (row.changed_at, row.revealed_at, row.ties_stale) if row else ()
            moved = [snapshots.moved_at(session, board, split) for split in (PUBLIC, PRIVATE)]
            decided = session.scalar(select(func.max(EventRow.id)))
            revealed = rulings.is_revealed(session, board, now)
            return (kept, *moved, decided, revealed, rulings.frozen_at(session, board, now))

    def is_revealed(self, board: Board) -> bool:
        """Whether everybody may see the private board."""
        with self._database.reading() as session:
            return rulings.is_revealed(session, board, self._clock())

    def frozen_at(self, board: Board) -> datetime | None:
        """The moment that the public board shows, while it is frozen."""
        with self._database.reading() as session:
            return rulings.frozen_at(session, board, self._clock())

    def preview(self, board: Board, *, private: bool = False) -> tuple[Snapshot, Snapshot]:
        """The board as it is told, and as it would be under `board`'s rules; nothing is changed."""
        with self._database.trying() as session:
            split, now = PRIVATE if private else PUBLIC, self._clock()
            if (row := session.get(BoardRow, (board.slug, board.run_kind))) is not None:
                snapshots.look_for_ties(session, board, row, now)  # who moves by these, moves by no rule
            before = snapshots.snapshot(session, board, split)
            snapshots.retie(session, board, now)
            return before, snapshots.snapshot(session, board, split)
