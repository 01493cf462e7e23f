"""The queue behind the queue: submissions that are judged again wait until no student waits.

Leases as in `claims`, on the items of a set. Inside the caller's transaction.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from grader.report import Job, Report, Verdict
from leaderboard.claims import OPEN, Asked, data_version, free, hold_to_the_clock, lease, requeue
from leaderboard.records import State
from leaderboard.reports import add_broken, add_judging, recorded
from leaderboard.rungs import packed
from leaderboard.tables import RegradeItemRow, RegradeRow, SubmissionRow, TeamRow


def waits(session: Session, asked: Asked) -> bool:
    """Whether any of what is asked for is queued."""
    query = (
        select(RegradeItemRow.submission_id)
        .join(RegradeRow, RegradeRow.id == RegradeItemRow.regrade_id)
        .join(SubmissionRow, SubmissionRow.id == RegradeItemRow.submission_id)
        .where(RegradeItemRow.state == State.QUEUED, RegradeRow.state == OPEN, asked.fits)
        .limit(1)
    )
    return session.scalar(query) is not None


def claim(session: Session, asked: Asked, now: datetime) -> Job | None:
    """Take one, the oldest first: behind all that students wait for."""
    found = session.execute(
        select(RegradeItemRow, RegradeRow, SubmissionRow)
        .join(RegradeRow, RegradeRow.id == RegradeItemRow.regrade_id)
        .join(SubmissionRow, SubmissionRow.id == RegradeItemRow.submission_id)
        .where(RegradeItemRow.state == State.QUEUED, RegradeRow.state == OPEN, asked.fits)
        .order_by(RegradeItemRow.regrade_id, RegradeItemRow.submission_id)
        .limit(1)
        .with_for_update(of=[RegradeItemRow, SubmissionRow], skip_locked=True)
    ).one_or_none()
    if found is None:
        return None
    item, regrade, submission = found
    submission.attempts += 1
    item.attempt = submission.attempts
    expires_at = lease(item, asked, now)
    team = session.get_one(TeamRow, submission.team_id).name
    return Job(
        submission.id,
        team,
        submission.assignment,
        submission.sha256,
        item.attempt,
        asked.holder,
        expires_at,
        submission.run_kind,
        data_version=regrade.data_version,
        regrade=regrade.id,
    )


def keep_up(session: Session, row: SubmissionRow, job: Job) -> bool:
    """Whether what was just judged was judged on the data of today: on a board all must be.

    Where a set waits to be applied that is on other data, this one joins it.
    """
    other = session.scalar(
        select(RegradeRow)
        .where(RegradeRow.assignment == row.assignment, RegradeRow.state == OPEN)
        .where(RegradeRow.data_version != job.data_version)
        .with_for_update()
    )
    live = data_version(session, row.assignment)
    if other is not None and live == job.data_version:
        session.add(RegradeItemRow(regrade_id=other.id, submission_id=row.id, state=State.QUEUED, faults=0))
    return live == job.data_version


def held(session: Session, job: Job) -> RegradeItemRow | None:
    """The job's item if it is still this holder's at this attempt, locked for us."""
    return session.scalar(
        select(RegradeItemRow)
        .where(
            RegradeItemRow.regrade_id == job.regrade,
            RegradeItemRow.submission_id == job.ref,
            RegradeItemRow.state == State.RUNNING,
            RegradeItemRow.holder == job.holder,
            RegradeItemRow.attempt == job.attempt,
        )
        .with_for_update()
    )


def renew(session: Session, job: Job, now: datetime) -> bool:
    item = held(session, job)
    if item is None or item.lease_seconds is None:
        return False
    item.lease_until = now + timedelta(seconds=item.lease_seconds)
    return True


def release(session: Session, job: Job, why: str, now: datetime) -> bool:
    item = held(session, job)
    if item is None:
        return False
    add_broken(session, job.ref, job.attempt, item, f"{item.holder} {why}", now)
    requeue(item, faults=0)
    return True


def sweep(session: Session, now: datetime) -> int:
    """Queue again what is running past its lease; return how many."""
    hold_to_the_clock(session, RegradeItemRow, now)
    lost = session.scalars(
        select(RegradeItemRow)
        .where(RegradeItemRow.state == State.RUNNING, RegradeItemRow.lease_until < now)
        .with_for_update(skip_locked=True)
    ).all()
    for item in lost:
        text = f"{item.holder} gave no sign of life after {item.lease_until:%Y-%m-%d %H:%M:%S} UTC"
        add_broken(session, item.submission_id, item.attempt or 0, item, text, now)
        requeue(item)
    return len(lost)


def record(session: Session, job: Job, report: Report, now: datetime) -> bool:
    """Keep a report of the set; nothing else changes. False when the lease was lost."""
    item = held(session, job)
    if item is None:
        return recorded(session, job)
    judging = add_judging(session, job.ref, job.attempt, item, report, now)
    if report.verdict is Verdict.GRADER_ERROR:
        requeue(item)
        return True
    item.state = State.SCORED if report.verdict is Verdict.SCORED else State.FAILED
    item.judging_id = judging.id
    item.losses = packed(report.losses)
    free(item)
    return True
