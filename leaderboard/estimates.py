"""When what is queued will be graded, if nothing comes: for those who wait. In the caller's transaction."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from grader.report import Verdict
from grader.spec import RunKind
from leaderboard import turns
from leaderboard.claims import held_back, running_by_team
from leaderboard.records import Place, State
from leaderboard.tables import GraderRow, JudgingRow, PauseRow, RegradeItemRow, SubmissionRow, TeamRow

USUAL = 30.0  # seconds that a judging takes, where none has been seen
RECENT = 200  # judgings that tell how long one takes
ALIVE = timedelta(minutes=1)  # since a grader's last sign


def places(session: Session, now: datetime) -> Mapping[int, Place]:
    """For each queued submission when it will be claimed, if none comes."""
    running = running_by_team()
    queued = session.execute(
        select(
            SubmissionRow.team_id,
            SubmissionRow.id,
            SubmissionRow.assignment,
            SubmissionRow.run_kind,
            held_back(now),
            TeamRow.claimed_at,
            func.coalesce(running.c.running, 0),
        )
        .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .outerjoin(running, running.c.team_id == SubmissionRow.team_id)
        .where(SubmissionRow.state == State.QUEUED, SubmissionRow.deleted_at.is_(None))
        .order_by(SubmissionRow.team_id, SubmissionRow.id)
    ).all()
    teams = [_waiting(list(rows)) for _, rows in itertools.groupby(queued, key=lambda row: row[0])]
    ahead = turns.places(teams)
    typical, busy = _typical_seconds(session), _busy(session, now)
    seconds = {ref: typical.get((slug, kind), USUAL) for _, ref, slug, kind, *_ in queued}
    paused = set(session.scalars(select(PauseRow.assignment).where(PauseRow.ended_at.is_(None))))
    held = {ref for _, ref, slug, *_ in queued if paused & {"", slug}}
    order = [ref for ref in sorted(ahead, key=ahead.__getitem__) if ref not in held]
    starts = turns.starts(order, seconds, busy) if busy else {}
    return {ref: Place(number, starts.get(ref), ref in held) for ref, number in ahead.items()}


def empty_in(session: Session, now: datetime) -> float | None:
    """Seconds until all that waits is judged, if nothing comes; None: nobody grades, or it is paused."""
    queued = (
        select(SubmissionRow.assignment, SubmissionRow.run_kind, func.count())
        .where(SubmissionRow.state == State.QUEUED, SubmissionRow.deleted_at.is_(None))
        .group_by(SubmissionRow.assignment, SubmissionRow.run_kind)
    )
    busy, typical = _busy(session, now), _typical_seconds(session)
    if not busy:
        return None
    paused = set(session.scalars(select(PauseRow.assignment).where(PauseRow.ended_at.is_(None))))
    waiting = [(slug, kind, count) for slug, kind, count in session.execute(queued)]
    if any(paused & {"", slug} for slug, _, _ in waiting):
        return None
    work = sum(count * typical.get((slug, kind), USUAL) for slug, kind, count in waiting)
    return max((sum(busy) + work) / len(busy), *busy)


def _waiting(rows: Sequence[tuple[Any, ...]]) -> turns.Waiting:
    """Of one team."""
    *_, claimed_at, running = rows[0]
    soon = [row[1] for row in rows if not row[4]]
    return turns.Waiting(soon, running, claimed_at, held_back=[row[1] for row in rows if row[4]])


def _typical_seconds(session: Session) -> Mapping[tuple[str, RunKind], float]:
    """How long the latest judgings took, by assignment and kind of run."""
    query = (
        select(
            SubmissionRow.assignment, SubmissionRow.run_kind, JudgingRow.started_at, JudgingRow.recorded_at
        )
        .join(JudgingRow, JudgingRow.submission_id == SubmissionRow.id)
        .where(JudgingRow.started_at.is_not(None), JudgingRow.verdict != Verdict.GRADER_ERROR)
        .order_by(JudgingRow.id.desc())
        .limit(RECENT)
    )
    found: dict[tuple[str, RunKind], list[float]] = {}
    for slug, kind, started, recorded in session.execute(query):
        if started is not None:
            found.setdefault((slug, kind), []).append(max(0.0, (recorded - started).total_seconds()))
    return {key: fmean(spans) for key, spans in found.items()}


def _busy(session: Session, now: datetime) -> Sequence[float]:
    """For each place where something is graded how many seconds are left; none: no grader is at work."""
    typical = _typical_seconds(session)
    first = select(SubmissionRow.assignment, SubmissionRow.run_kind, SubmissionRow.claimed_at)
    again = select(SubmissionRow.assignment, SubmissionRow.run_kind, RegradeItemRow.claimed_at).join(
        RegradeItemRow, RegradeItemRow.submission_id == SubmissionRow.id
    )
    running = [
        *session.execute(first.where(SubmissionRow.state == State.RUNNING)),
        *session.execute(again.where(RegradeItemRow.state == State.RUNNING)),
    ]
    working = (GraderRow.seen_at >= now - ALIVE) & GraderRow.draining_at.is_(None)
    slots = session.scalar(select(func.sum(GraderRow.slots)).where(working)) or 0
    idle = [0.0] * (slots - len(running))
    return idle + [
        max(0.0, typical.get((slug, kind), USUAL) - (now - (claimed_at or now)).total_seconds())
        for slug, kind, claimed_at in running
    ]
