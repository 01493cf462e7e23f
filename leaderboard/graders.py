"""Who grades, and what came of it: for the instructor's page and for metrics. In the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from leaderboard import estimates, operating
from leaderboard.activity import Grader, Judged, Tally
from leaderboard.estimates import ALIVE
from leaderboard.records import State
from leaderboard.tables import GraderRow, JudgingRow, RegradeItemRow, RegradeRow, SubmissionRow
from leaderboard.views import counts

FORGOTTEN = timedelta(days=1)
MOST_JUDGED = 10_000  # told at a time


def seen(session: Session, holder: str, lanes: Mapping[str, int], now: datetime) -> bool:
    """A sign of life; False where it is to stop. Who gave none for a day is forgotten."""
    session.execute(delete(GraderRow).where(GraderRow.seen_at < now - FORGOTTEN))
    sign = GraderRow(holder=holder, slots=sum(lanes.values()), lanes=dict(lanes), seen_at=now)
    row = session.merge(sign)
    return row.draining_at is None


def alive(session: Session, now: datetime) -> list[Grader]:
    """Those seen within a minute, with what they grade, in the order of their names."""
    running = _running(session)
    rows = session.scalars(
        select(GraderRow).where(GraderRow.seen_at >= now - ALIVE).order_by(GraderRow.holder)
    )
    return [
        Grader(
            row.holder,
            row.slots,
            row.seen_at,
            tuple(running.get(row.holder, ())),
            lanes=row.lanes,
            draining=row.draining_at is not None,
        )
        for row in rows
    ]


def left(session: Session, holder: str) -> None:
    """It ended as it should, and gives no more signs."""
    session.execute(delete(GraderRow).where(GraderRow.holder == holder))


def is_anybody(session: Session, now: datetime) -> bool:
    """Whether one was seen within a minute."""
    return session.scalar(select(exists().where(GraderRow.seen_at >= now - ALIVE))) is True


def _running(session: Session) -> dict[str, list[int]]:
    first = select(SubmissionRow.holder, SubmissionRow.id).where(SubmissionRow.state == State.RUNNING)
    again = (
        select(RegradeItemRow.holder, SubmissionRow.id)
        .join(SubmissionRow, SubmissionRow.id == RegradeItemRow.submission_id)
        .where(RegradeItemRow.state == State.RUNNING)
    )
    found: dict[str, list[int]] = {}
    for query in (first, again):
        for holder, ref in session.execute(query.order_by(SubmissionRow.id)):
            found.setdefault(holder or "", []).append(ref)
    return found


def tally(session: Session, now: datetime) -> Tally:
    oldest = session.scalar(
        select(func.min(SubmissionRow.received_at)).where(
            SubmissionRow.state == State.QUEUED, SubmissionRow.deleted_at.is_(None)
        )
    )
    waited = max(0.0, (now - oldest).total_seconds()) if oldest else None
    states = {state.value: count for state, count in counts(session, None).items()}
    regrades = session.scalar(
        select(func.count())
        .select_from(RegradeItemRow)
        .join(RegradeRow, RegradeRow.id == RegradeItemRow.regrade_id)
        .where(RegradeItemRow.state == State.QUEUED, RegradeRow.state == "open")
    )
    return Tally(
        states,
        waited,
        tuple(alive(session, now)),
        operating.pauses(session),
        regrades or 0,
        operating.judged_lately(session, now),
        estimates.empty_in(session, now),
    )


def judged_since(session: Session, judging_id: int | None) -> tuple[int, list[Judged]]:
    """The newest judging's id, and what came after `judging_id`, at most 10,000; None: nothing but the id."""
    if judging_id is None:
        return session.scalar(select(func.max(JudgingRow.id))) or 0, []
    query = (
        select(JudgingRow, SubmissionRow)
        .join(SubmissionRow, SubmissionRow.id == JudgingRow.submission_id)
        .where(JudgingRow.id > judging_id)
        .order_by(JudgingRow.id)
        .limit(MOST_JUDGED)
    )
    found = [_judged(judging, row) for judging, row in session.execute(query)]
    return _newest(found, judging_id), found


def _newest(found: Sequence[Judged], otherwise: int) -> int:
    return found[-1].judging_id if found else otherwise


def _judged(judging: JudgingRow, row: SubmissionRow) -> Judged:
    began = judging.started_at
    first = judging.attempt == 1  # later ones waited for us, or for an instructor
    return Judged(
        judging_id=judging.id,
        assignment=row.assignment,
        run_kind=row.run_kind,
        verdict=judging.verdict,
        killed=judging.killed,
        waiting_seconds=_seconds(row.received_at, began) if first and began else None,
        training_seconds=judging.training_wall_seconds,
        answering_seconds=judging.wall_seconds,
        total_seconds=_seconds(began, judging.recorded_at) if began else None,
    )


def _seconds(start: datetime, end: datetime) -> float:
    """A clock may have been set back."""
    return max(0.0, (end - start).total_seconds())
