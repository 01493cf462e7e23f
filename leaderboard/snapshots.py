"""Boards read from the ledger, now or at any time before; and their ties. Inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from grader.scoring.statistics import replicated, tie_groups
from grader.spec import Array, RunKind
from leaderboard.boards import Board
from leaderboard.candidates import PRIVATE, PUBLIC, Tally, judged
from leaderboard.records import Snapshot, Standing, TeamKind
from leaderboard.standings import board_row, on, stored
from leaderboard.tables import BoardRow, ResampledRow, StandingRow, SubmissionRow, TeamRow, TiesRow

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Ties:
    """Where each split's tie groups began, of what stood when the board had `changed_at`."""

    changed_at: datetime | None
    edges: Mapping[str, list[float]]


def has_rules(session: Session, board: Board) -> bool:
    """Whether its standings were made under the rules of today."""
    row = session.get(BoardRow, (board.slug, board.run_kind))
    return row is not None and row.rules == stored(board.rules)


def stale(session: Session) -> Sequence[tuple[str, RunKind]]:
    """Boards on which scores have moved since ties were looked for."""
    query = select(BoardRow.assignment, BoardRow.run_kind).where(BoardRow.ties_stale)
    return [(slug, run_kind) for slug, run_kind in session.execute(query)]


def snapshot(session: Session, board: Board, split: str) -> Snapshot:
    """The board as it is."""
    return snapshots(session, board, split, None, None)[0]


def snapshots(
    session: Session, board: Board, split: str, at: datetime | None, since: datetime | None
) -> tuple[Snapshot, Snapshot]:
    """The board as it is, or as it was told `at` a time; and what it was `since`, for its ranks: of that,
    entries may be later ones. Most teams have the same in both: it is read once.
    """
    then = _tallies_until(session, board, at) if at is not None else {}
    query = _standings(board, split, _stood(at), _stood(since))
    ended = StandingRow.until > min(at or since or NEVER, since or NEVER)
    # Two queries that the index answers, rows without the ORM's part: a board has thousands.
    rows = [
        tuple(row)
        for some in (StandingRow.until.is_(None), ended)
        for row in session.connection().execute(query.where(some)).all()
    ]
    found = [_standing(row, then.get(row[0])) for row in rows]
    now, before = (
        Snapshot([one for one, row in zip(found, rows, strict=True) if row[column]], edges)
        for column, edges in (
            (12, _edges(session, board, split, at)),
            (13, _edges(session, board, split, since)),
        )
    )
    return now, before


def _standing(row: Any, then: Tally | None) -> Standing:
    badges = tuple(row[10].split(",")) if row[10] else ()
    return Standing(*[*row[:8], *(then or row[8:10]), badges, row[11]])


def _standings(
    board: Board, split: str, now: ColumnElement[bool], before: ColumnElement[bool]
) -> Select[*tuple[Any, ...]]:
    """A standing each, and whether it stands now and stood before."""
    return (
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
            StandingRow.spread,
            now,
            before,
        )
        .join(TeamRow, TeamRow.id == StandingRow.team_id)
        .where(on(StandingRow, board), StandingRow.split == split)
    )


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


def moved_at(session: Session, board: Board, split: str) -> datetime | None:
    """When this split's standings moved last: of the other's moves nobody is told by it."""
    theirs = (on(StandingRow, board), StandingRow.split == split)
    began = select(func.max(StandingRow.since)).where(*theirs, StandingRow.until.is_(None))
    ended = select(func.max(StandingRow.until)).where(*theirs, StandingRow.until.is_not(None))
    return max(filter(None, (session.scalar(began), session.scalar(ended))), default=None)


def changed_at(session: Session, board: Board) -> datetime | None:
    """When anything on the board moved last, on either split: for ties alone."""
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
    if row.ties_stale:
        _keep(session, board, row, find_ties(session, board), now)


def find_ties(session: Session, board: Board) -> Ties:
    """Seconds for thousands of teams; nothing is written."""
    return Ties(
        changed_at(session, board),
        {split: _find_edges(session, board, split) for split in (PUBLIC, PRIVATE)},
    )


def keep_ties(session: Session, board: Board, found: Ties, now: datetime) -> None:
    """They are of a moment ago; where scores have moved since, they have to be looked for again."""
    _keep(session, board, board_row(session, board, now), found, now)


def _keep(session: Session, board: Board, row: BoardRow, found: Ties, now: datetime) -> None:
    latest = select(func.max(TiesRow.at)).where(
        TiesRow.assignment == board.slug, TiesRow.run_kind == board.run_kind
    )
    now = found.changed_at or now  # of the scores that they are of; and the latest count
    now = max(now, session.scalar(latest) or now)
    for split, edges in found.edges.items():
        if list(edges) != list(_edges(session, board, split, None)):
            session.merge(
                TiesRow(assignment=board.slug, run_kind=board.run_kind, split=split, at=now, edges=edges)
            )
    row.ties_stale = row.changed_at != found.changed_at


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
