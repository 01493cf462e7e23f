"""Running the queue: pauses, graders that are to stop, what was spent. Inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from grader.errors import HeldoutError, NotFound, Refused
from grader.report import Verdict
from leaderboard.activity import Pause, Spent
from leaderboard.estimates import ALIVE
from leaderboard.people import note
from leaderboard.plain import storable
from leaderboard.tables import GraderRow, JudgingRow, PauseRow, SubmissionRow, TeamRow

LONGEST_REASON = 1000  # characters
HOUR = timedelta(hours=1)


def pause(session: Session, assignment: str, reason: str, now: datetime) -> None:
    """Claim nothing of the assignment any more, or of none ("") nothing at all; what runs goes on."""
    if assignment in {row.assignment for row in paused(session)}:
        raise Refused(f"{_named(assignment)} is paused already", next_step="`heldout status` says since when")
    if len(reason) > LONGEST_REASON:
        raise HeldoutError(
            f"the reason has {len(reason):,} characters", expected=f"at most {LONGEST_REASON:,}"
        )
    session.add(PauseRow(assignment=assignment, reason=storable(reason), at=now))
    note(session, now, "paused", _named(assignment), reason=storable(reason))


def resume(session: Session, assignment: str, now: datetime) -> None:
    """Undo `pause`."""
    ended = [row for row in paused(session) if row.assignment == assignment]  # two may have paused at once
    if not ended:
        raise Refused(f"{_named(assignment)} is not paused", next_step="`heldout status` lists what is")
    for row in ended:
        row.ended_at = now
    note(session, now, "resumed", _named(assignment))


def _named(assignment: str) -> str:
    return assignment or "the whole queue"


def paused(session: Session) -> Sequence[PauseRow]:
    return session.scalars(select(PauseRow).where(PauseRow.ended_at.is_(None)).order_by(PauseRow.id)).all()


def paused_slugs(session: Session) -> frozenset[str]:
    return frozenset(row.assignment for row in paused(session))


def pauses(session: Session) -> tuple[Pause, ...]:
    return tuple(Pause(row.assignment, row.reason, row.at) for row in paused(session))


def drain(session: Session, holder: str, now: datetime, *, undo: bool = False) -> None:
    """Ask a grader to end what it began and to stop: from now on it gets nothing. Raises NotFound."""
    row = session.get(GraderRow, holder, with_for_update=True)
    if row is None or row.seen_at < now - ALIVE:
        alive = session.scalars(select(GraderRow.holder).where(GraderRow.seen_at >= now - ALIVE)).all()
        raise NotFound(
            f"no grader at work is called {holder[:200]!r}",
            expected=f"one of: {', '.join(alive)}" if alive else "one that works: there is none",
        )
    row.draining_at = None if undo else now
    note(session, now, "grader kept" if undo else "grader drained", holder)


def is_draining(session: Session, holder: str) -> bool:
    row = session.get(GraderRow, holder)
    return row is not None and row.draining_at is not None


def judged_lately(session: Session, now: datetime) -> int:
    """Judgings of the last hour that came to an end."""
    query = select(func.count()).where(
        JudgingRow.recorded_at >= now - HOUR, JudgingRow.verdict != Verdict.GRADER_ERROR
    )
    return session.scalar(query) or 0


def spent(session: Session, assignment: str | None) -> list[Spent]:
    """By team, who used most of the processors first; attempts that broke on our side are in it, too."""
    training = JudgingRow.training_seconds
    query = (
        select(
            TeamRow.name,
            func.count(JudgingRow.id),
            func.sum(JudgingRow.cpu_seconds),
            func.sum(training),
            func.sum(JudgingRow.gpu_seconds),
        )
        .join(SubmissionRow, SubmissionRow.team_id == TeamRow.id)
        .join(JudgingRow, JudgingRow.submission_id == SubmissionRow.id)
        .group_by(TeamRow.id)
        .order_by((func.sum(JudgingRow.cpu_seconds) + func.sum(training)).desc(), TeamRow.name)
    )
    if assignment is not None:
        query = query.where(SubmissionRow.assignment == assignment)
    return [Spent(*row) for row in session.execute(query)]
