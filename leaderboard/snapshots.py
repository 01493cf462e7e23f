"""Boards read from the ledger, now or at any time before; and their ties. Inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from grader.scoring.statistics import replicated, tie_groups
from grader.spec import Array, RunKind
from leaderboard.boards import Board
from leaderboard.candidates import PRIVATE, PUBLIC, Tally, judged
from leaderboard.records import Snapshot, Standing, TeamKind
from leaderboard.standings import board_row, on, stored
from leaderboard.tables import BoardRow, ResampledRow, StandingRow, SubmissionRow, TeamRow, TiesRow


def is_current(session: Session, board: Board) -> bool:
    """Made under the rules of today, and ties looked for since scores moved."""
    row = session.get(BoardRow, (board.slug, board.run_kind))
    return row is not None and not row.ties_stale and row.rules == stored(board.rules)


def stale(session: Session) -> Sequence[tuple[str, RunKind]]:
    """Boards on which scores have moved since ties were looked for."""
    query = select(BoardRow.assignment, BoardRow.run_kind).where(BoardRow.ties_stale)
    return [(slug, run_kind) for slug, run_kind in session.execute(query)]


def snapshot(
    session: Session, board: Board, split: str, at: datetime | None = None, *, brief: bool = False
) -> Snapshot:
    """The board as it is, or as it was told at that time. `brief`: entries may be later ones; ranks hold."""
    then = _tallies_until(session, board, at) if at is not None and not brief else {}
    query = (
        select(
            TeamRow.id,
            TeamRow.name,
            TeamRow.name_key,
            TeamRow.kind,
            StandingRow.submission_id,
            StandingRow.score,
            StandingRow.half_width,
            StandingRow.received_at,
            StandingRow.entries,
            StandingRow.last_at,
            StandingRow.badges,
        )
        .join(TeamRow, TeamRow.id == StandingRow.team_id)
        .where(on(StandingRow, board), StandingRow.split == split, _stood(at))
    )
    found = [
        Standing(*row[:8], *then.get(row[0], row[8:10]), tuple(filter(None, row[10].split(","))))
        for row in session.execute(query)
    ]
    return Snapshot(found, _edges(session, board, split, at))


def _stood(at: datetime | None) -> ColumnElement[bool]:
    if at is None:
        return StandingRow.until.is_(None)
    return (StandingRow.since <= at) & (StandingRow.until.is_(None) | (StandingRow.until > at))


def _tallies_until(session: Session, board: Board, at: datetime) -> Mapping[int, Tally]:
    query = (
        select(SubmissionRow.team_id, func.count(), func.max(SubmissionRow.received_at))
        .where(judged(board), SubmissionRow.judged_at <= at)
        .group_by(SubmissionRow.team_id)
    )
    return {team: (count, last) for team, count, last in session.execute(query)}


def changed_at(session: Session, board: Board) -> datetime | None:
    """When anything on the board moved last."""
    row = session.get(BoardRow, (board.slug, board.run_kind))
    return row.changed_at if row else None


def _edges(session: Session, board: Board, split: str, at: datetime | None) -> Sequence[float]:
    query = (
        select(TiesRow.edges)
        .where(TiesRow.assignment == board.slug, TiesRow.run_kind == board.run_kind, TiesRow.split == split)
        .order_by(TiesRow.at.desc())
        .limit(1)
    )
    return session.scalar(query if at is None else query.where(TiesRow.at <= at)) or []


# ---------------------------------------------------------------- ties


def retie(session: Session, board: Board, now: datetime) -> None:
    """Look for ties anew where scores have moved."""
    look_for_ties(session, board, board_row(session, board, now), now)


def look_for_ties(session: Session, board: Board, row: BoardRow, now: datetime) -> None:
    """The same, whatever the rules."""
    if not row.ties_stale:
        return
    found = select(func.max(TiesRow.at)).where(
        TiesRow.assignment == board.slug, TiesRow.run_kind == board.run_kind
    )
    now = max(now, session.scalar(found) or now)  # the latest count, also after a clock went backwards
    for split in (PUBLIC, PRIVATE):
        edges = _find_edges(session, board, split)
        if list(edges) != list(_edges(session, board, split, None)):
            session.merge(
                TiesRow(assignment=board.slug, run_kind=board.run_kind, split=split, at=now, edges=edges)
            )
    row.ties_stale = False


def _find_edges(session: Session, board: Board, split: str) -> list[float]:
    """Of the students' groups: a shipped solution neither leads one nor keeps two apart."""
    query = (
        select(StandingRow, ResampledRow)
        .join(TeamRow, TeamRow.id == StandingRow.team_id)
        .outerjoin(
            ResampledRow,
            (ResampledRow.judging_id == StandingRow.judging_id) & (ResampledRow.split == StandingRow.split),
        )
        .where(on(StandingRow, board), StandingRow.split == split, StandingRow.until.is_(None))
        .where(TeamRow.kind == TeamKind.STUDENT)
    )
    rows = session.execute(query).all()
    if len(rows) < 2:
        return []
    losses = np.array([board.sign * row.score for row, _ in rows])
    order = losses.argsort(kind="stable")
    resampled = np.stack([board.sign * _replicates(*rows[place]) for place in order])
    fewest = min((found.blocks for _, found in rows if found and found.blocks), default=None)
    groups = tie_groups(resampled, losses[order], blocks=fewest)
    return [float(losses[order][place]) for place in 1 + np.flatnonzero(np.diff(groups))]


def _replicates(row: StandingRow, found: ResampledRow | None) -> Array:
    """What was recorded; for a score whose items are no longer kept, luck of its own."""
    if found is None:
        return replicated(row.score, row.half_width, np.random.default_rng(row.judging_id))
    return np.frombuffer(found.values, "<f4").astype(np.float64)
