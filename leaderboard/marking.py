"""Notebooks' points in the ledger. Every function works inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from grader.errors import HeldoutError, NotFound, Refused
from grader.report import CellResult, CellState
from grader.spec import RunKind
from leaderboard.candidates import COUNTS
from leaderboard.marks import Given, Graded, Item, Mark, NotebookPoints
from leaderboard.people import note
from leaderboard.records import State
from leaderboard.tables import JudgingRow, MarkRow, NotebookRow, SubmissionRow, TeamRow

LONGEST_COMMENT = 5_000  # characters


def graded_cells(session: Session, ref: int) -> list[Graded]:
    """Of the judging that counts; none where there is no notebook that was graded."""
    row = notebook(session, ref)
    return _graded(row.cells, _marks(session, [ref]).get(ref, {})) if row else []


def points(session: Session, slug: str) -> list[NotebookPoints]:
    latest = (
        select(func.max(SubmissionRow.id))
        .where(SubmissionRow.assignment == slug, SubmissionRow.run_kind == RunKind.NOTEBOOK)
        .where(SubmissionRow.state == State.SCORED, SubmissionRow.withdrawn_at.is_(None))
        .where(SubmissionRow.deleted_at.is_(None))
        .group_by(SubmissionRow.team_id)
    )
    rows = session.execute(
        select(SubmissionRow, TeamRow.name, JudgingRow.data_sha256, NotebookRow.cells)
        .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .join(JudgingRow, COUNTS)
        .join(NotebookRow, NotebookRow.judging_id == JudgingRow.id)
        .where(SubmissionRow.id.in_(latest))
        .order_by(TeamRow.name)
    ).all()
    marks = _marks(session, [row.id for row, *_ in rows])
    return [
        _summed(row, team, sha256, _graded(cells, marks.get(row.id, {}))) for row, team, sha256, cells in rows
    ]


def _summed(row: SubmissionRow, team: str, sha256: str, cells: Sequence[Graded]) -> NotebookPoints:
    return NotebookPoints(
        row.id,
        team,
        row.received_at,
        sum(each.points for each in cells),
        sum(each.result.possible for each in cells),
        sum(each.waits for each in cells),
        sha256,
        tuple(cells),
    )


def notebook(session: Session, ref: int) -> NotebookRow | None:
    return session.scalar(
        select(NotebookRow)
        .join(JudgingRow, JudgingRow.id == NotebookRow.judging_id)
        .join(SubmissionRow, COUNTS)
        .where(SubmissionRow.id == ref)
    )


def _graded(stored: Mapping[str, Any], marks: Mapping[str, Mark]) -> list[Graded]:
    found = [_result(each) for each in stored["cells"]]
    return [Graded(each, marks.get(each.id)) for each in found]


def _result(stored: Mapping[str, Any]) -> CellResult:
    return CellResult(
        **{**stored, "state": CellState(stored["state"]), "notes": tuple(stored["notes"])},
    )


def _marks(session: Session, refs: Sequence[int]) -> dict[int, dict[str, Mark]]:
    """The latest of each cell, by submission."""
    latest = select(func.max(MarkRow.id)).group_by(MarkRow.submission_id, MarkRow.cell)
    found: dict[int, dict[str, Mark]] = {}
    for start in range(0, len(refs), 10_000):
        some = refs[start : start + 10_000]
        query = select(MarkRow).where(MarkRow.id.in_(latest.where(MarkRow.submission_id.in_(some))))
        for row in session.scalars(query):
            if row.points is not None:
                mark = Mark(row.points, row.comment, row.actor, row.given_at, _items(row))
                found.setdefault(row.submission_id, {})[row.cell] = mark
    return found


def mark(session: Session, new: MarkRow, *, seen: int | None) -> None:
    """seen: the number of the latest mark that is known of, 0 for none; None: whatever there is."""
    row = notebook(session, new.submission_id)
    graded = {each.result.id: each.result for each in _graded(row.cells, {})} if row else {}
    if new.cell not in graded:
        raise NotFound(
            f"#{new.submission_id} has no graded cell {new.cell!r}",
            expected=f"one of: {', '.join(graded) or 'none is there'}",
        )
    possible = graded[new.cell].possible
    _check(new, possible)
    if seen is not None:
        _check_seen(session, new, seen, possible)
    session.add(new)
    told = "taken back" if new.points is None else f"{new.points:g} of {possible:g}"
    note(session, new.given_at, "marked", f"#{new.submission_id} {new.cell}", points=told)


def _check(new: MarkRow, possible: float) -> None:
    if new.points is not None and not 0 <= new.points <= possible:
        raise HeldoutError(f"{new.points:g} points for {new.cell}", expected=f"from 0 to {possible:g}")
    if len(new.comment) > LONGEST_COMMENT:
        raise HeldoutError(
            f"the comment has {len(new.comment):,} characters", expected=f"at most {LONGEST_COMMENT:,}"
        )


def _check_seen(session: Session, new: MarkRow, seen: int, possible: float) -> None:
    """Raise Refused where somebody else has given another one since: two read the same answer."""
    theirs = select(MarkRow).where(MarkRow.submission_id == new.submission_id, MarkRow.cell == new.cell)
    last = session.scalar(theirs.order_by(MarkRow.id.desc()).limit(1))
    if last is None or last.id == seen or last.actor == new.actor:
        return
    gave = "taken back the points" if last.points is None else f"given {last.points:g} of {possible:g} points"
    raise Refused(
        f"{last.actor} has {gave} for this answer meanwhile",
        next_step="read what was given, then send yours again: it counts in its place",
    )


def history(session: Session, ref: int) -> list[Given]:
    query = select(MarkRow).where(MarkRow.submission_id == ref).order_by(MarkRow.id)
    return [
        Given(row.id, row.cell, row.points, row.comment, row.actor, row.given_at, _items(row))
        for row in session.scalars(query)
    ]


def _items(row: MarkRow) -> tuple[Item, ...]:
    return tuple(Item(**each) for each in row.items)
