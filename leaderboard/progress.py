"""What a grading tells while it runs. Every function works inside the caller's transaction."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from grader.report import Job
from leaderboard.activity import LONGEST_TAIL, Progress
from leaderboard.plain import storable
from leaderboard.records import State
from leaderboard.tables import SubmissionRow

LONGEST_PHASE = 100  # characters


def tell(session: Session, job: Job, told: Progress) -> bool:
    """Keep it, in place of what was told before; False when the lease was lost.

    Of what is judged again nobody is told: its submission has been judged.
    """
    if job.regrade is not None:
        return False
    query = update(SubmissionRow).where(
        SubmissionRow.id == job.ref,
        SubmissionRow.state == State.RUNNING,
        SubmissionRow.holder == job.holder,
        SubmissionRow.attempts == job.attempt,
    )
    kept = query.values(
        phase=storable(told.phase)[:LONGEST_PHASE],
        phase_done=told.done,
        phase_total=told.total,
        log_tail=_tail(told.tail),
        told_at=told.at,
    )
    return session.scalar(kept.returning(SubmissionRow.id)) is not None


def _tail(text: str) -> str:
    """Its end, from the beginning of a line where there is one."""
    raw = storable(text).encode()
    if len(raw) <= LONGEST_TAIL:
        return raw.decode()
    end = raw[-LONGEST_TAIL:].decode(errors="ignore")
    return end.split("\n", 1)[-1] or end


def read(row: SubmissionRow) -> Progress | None:
    """None: it doesn't run, or has told nothing yet."""
    if row.state is not State.RUNNING or row.phase is None or row.told_at is None:
        return None
    return Progress(row.phase, row.phase_done or 0, row.phase_total or 0, row.log_tail or "", row.told_at)


def forget(row: SubmissionRow) -> None:
    row.phase = row.phase_done = row.phase_total = row.log_tail = row.told_at = None
