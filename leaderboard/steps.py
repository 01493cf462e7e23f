"""How the scores of a board came about: the history of its standings. Inside the caller's transaction."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from leaderboard.boards import Board
from leaderboard.records import Step, TeamKind
from leaderboard.standings import on
from leaderboard.tables import StandingRow, TeamRow

Version = tuple[int, str, TeamKind, datetime, datetime | None, float, float]


def steps(session: Session, board: Board, split: str, at: datetime | None) -> list[Step]:
    """All scores that the teams on the board at that time (None: now) have had until then, in their order.

    Who is on it no more, since disqualified or withdrawn, is not told of.
    """
    query = (
        select(
            TeamRow.id,
            TeamRow.name,
            TeamRow.kind,
            StandingRow.since,
            StandingRow.until,
            StandingRow.score,
            StandingRow.half_width,
        )
        .join(TeamRow, TeamRow.id == StandingRow.team_id)
        .where(on(StandingRow, board), StandingRow.split == split)
        .where(true() if at is None else StandingRow.since <= at)
        .order_by(StandingRow.team_id, StandingRow.since, StandingRow.id)
    )
    found: list[Step] = []
    for _, versions in groupby(session.execute(query), key=lambda version: version[0]):
        told = [one for one in versions if one[4] is None or one[4] > one[3]]  # not replaced at once
        if told and (told[-1][4] is None or (at is not None and told[-1][4] > at)):
            found += _moves(told)
    return sorted(found, key=lambda step: step.at)


def _moves(versions: Iterable[Version]) -> list[Step]:
    """Without versions that only got another badge, or the same score in a regrade."""
    found: list[Step] = []
    for _, team, kind, since, _, score, half_width in versions:
        if not found or (found[-1].score, found[-1].half_width) != (score, half_width):
            found.append(Step(team, kind, since, score, half_width))
    return found
