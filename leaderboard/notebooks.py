"""Notebooks in the ledger: points from tests, points from people, and what of both its author may know."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy.orm import Session

from grader.errors import NotFound, Refused
from grader.spec import Assignment, RunKind
from leaderboard import marking, rulings, standings
from leaderboard.boards import Board
from leaderboard.database import Clock, Database
from leaderboard.marks import Given, Graded, Item, NotebookPoints
from leaderboard.people import note
from leaderboard.plain import storable
from leaderboard.tables import MarkRow


class Notebooks:
    """A part of `Store`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def points(self, slug: str) -> list[NotebookPoints]:
        """Of each team the latest notebook that was graded and not withdrawn, by the teams' names."""
        with self._database.reading() as session:
            return marking.points(session, slug)

    def cells(self, ref: int) -> list[Graded]:
        """Of the judging that counts; empty for what is no notebook, or not graded. Raises NotFound."""
        with self._database.reading() as session:
            rulings.find(session, ref)
            return marking.graded_cells(session, ref)

    def executed(self, ref: int) -> bytes:
        """As it ran: see `grader.notebook.executed`. Raises NotFound."""
        with self._database.reading() as session:
            rulings.find(session, ref)
            if (row := marking.notebook(session, ref)) is None:
                raise NotFound(f"#{ref} is no notebook, or it was not graded yet")
            return row.executed

    def mark(
        self,
        ref: int,
        cell: str,
        points: float | None,
        comment: str = "",
        *,
        items: Sequence[Item] = (),
        seen: int | None = None,
    ) -> None:
        """Give points for a cell, also in place of its tests'; None takes that back. Raises HeldoutError.

        items: of the rubric, all of them, where it was used. seen: the number of the latest mark that the
        giver knows of, 0 for none; raises Refused where somebody else has given another one since.
        """
        told = [asdict(replace(item, text=storable(item.text))) for item in items]
        with self._database.writing() as session:
            rulings.find(session, ref, lock=True)
            new = MarkRow(
                submission_id=ref,
                cell=cell,
                points=points,
                comment=storable(comment).strip(),
                actor=str(session.info.get("actor", "")),
                given_at=self._clock(),
                items=told,
            )
            marking.mark(session, new, seen=seen)

    def history(self, ref: int) -> list[Given]:
        """All that was given for its cells, oldest first."""
        with self._database.reading() as session:
            return marking.history(session, ref)

    def release(self, assignment: Assignment, *, undo: bool = False) -> None:
        """Show the class all that its notebooks got: hidden tests, points and comments.

        Nobody can hand a notebook in then. Raises Refused while some may still.
        """
        with self._database.writing() as session:
            _release(session, assignment, self._clock(), undo=undo)

    def is_released(self, assignment: Assignment) -> bool:
        with self._database.reading() as session:
            return rulings.is_revealed(session, Board(assignment, RunKind.NOTEBOOK), self._clock())


def _release(session: Session, assignment: Assignment, now: datetime, *, undo: bool) -> None:
    last = rulings.last_chance(session, assignment)
    if not undo and last is not None and now < last:
        raise Refused(
            "some may still submit, and would see what hidden tests found",
            where=assignment.slug,
            expected=f"a time after {last}",
            next_step="wait, or change the deadlines first",
        )
    row = standings.board_row(session, Board(assignment, RunKind.NOTEBOOK), now)
    row.revealed_at = None if undo else now
    note(session, now, "feedback withheld" if undo else "feedback released", assignment.slug)
