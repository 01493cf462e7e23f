"""The queue: submissions come in, are claimed with a lease, and come back when a lease is lost.

Every function works inside the caller's transaction. Fairness: the team with the fewest submissions running
goes first; of those, the one whose latest claim is longest ago; of those, the oldest submission.
"""

import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Subquery, and_, bindparam, func, select
from sqlalchemy.orm import Session

from grader.errors import HeldoutError
from grader.report import Job, Verdict
from grader.rules import Rules
from leaderboard import admission, turns
from leaderboard.people import find_team
from leaderboard.plain import storable
from leaderboard.records import Receipt, State, TeamKind
from leaderboard.tables import JudgingRow, SubmissionRow, TeamRow

ATTEMPTS = 3  # that may break on our side before a submission is parked for the instructor
LONGEST_DESCRIPTION = 1000
LONGEST_FILE_NAME = 255
# Made once: see admission.
EARLIER = (
    select(SubmissionRow)
    .where(
        SubmissionRow.team_id == bindparam("team"),
        SubmissionRow.sha256 == bindparam("sha256"),
        SubmissionRow.assignment == bindparam("slug"),
        SubmissionRow.run_kind == bindparam("run_kind"),
        and_(*(SubmissionRow.state != state for state in admission.REFUNDED)),
        SubmissionRow.deleted_at.is_(None),
    )
    .order_by(SubmissionRow.id)
    .limit(1)
)


def receive(
    session: Session, submission: SubmissionRow, team: str, rules: Rules | None, now: datetime
) -> Receipt:
    """Queue a submission, or find the earlier one of the same team with the same bytes.

    Raises HeldoutError when the team is unknown, file name or description are too long, or rules forbid it.
    """
    _check_length("the description", submission.description, LONGEST_DESCRIPTION)
    _check_length("the file's name", submission.file_name, LONGEST_FILE_NAME)
    owner = find_team(session, team, lock=True)  # two equal ones at the same moment wait for each other
    submission.team_id = owner.id
    earlier = _earlier(session, submission)
    allowed = None
    if rules is not None and owner.kind is TeamKind.STUDENT:
        kind = submission.run_kind
        allowed = admission.quota(session, owner, submission.assignment, kind, rules, now)
    if earlier is None:
        if allowed is not None:
            admission.check(allowed, now)
        submission.received_at, submission.state = now, State.QUEUED
        submission.attempts = submission.faults = 0
        session.add(submission)
        session.flush()
    row = earlier or submission
    left = allowed.left if allowed else None
    return Receipt(
        row.id,
        owner.name,
        row.assignment,
        row.sha256,
        row.size,
        row.received_at,
        earlier is not None,
        late=bool(allowed and allowed.deadline and row.received_at > allowed.deadline),
        left=left if left is None or earlier else left - 1,
    )


def _check_length(what: str, value: str, limit: int) -> None:
    if len(value) > limit:
        raise HeldoutError(
            f"{what} has {len(value):,} characters", expected=f"at most {limit:,}", next_step="shorten it"
        )


def _earlier(session: Session, submission: SubmissionRow) -> SubmissionRow | None:
    return session.scalar(
        EARLIER,
        {
            "team": submission.team_id,
            "sha256": submission.sha256,
            "slug": submission.assignment,
            "run_kind": submission.run_kind,
        },
    )


def claim(session: Session, holder: str, lease_seconds: float, now: datetime) -> Job | None:
    """Take the submission whose turn it is; None when the queue is empty."""
    running = _running()
    row = session.scalar(
        select(SubmissionRow)
        .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .outerjoin(running, running.c.team_id == SubmissionRow.team_id)
        .where(SubmissionRow.state == State.QUEUED, SubmissionRow.deleted_at.is_(None))
        .order_by(
            func.coalesce(running.c.running, 0), TeamRow.claimed_at.asc().nulls_first(), SubmissionRow.id
        )
        .limit(1)
        .with_for_update(of=SubmissionRow, skip_locked=True)
    )
    if row is None:
        return None
    team = session.get_one(TeamRow, row.team_id)
    team.claimed_at = row.claimed_at = now
    row.state, row.holder, row.attempts = State.RUNNING, holder, row.attempts + 1
    row.lease_seconds, row.lease_until = lease_seconds, now + timedelta(seconds=lease_seconds)
    return Job(
        row.id, team.name, row.assignment, row.sha256, row.attempts, holder, row.lease_until, row.run_kind
    )


def _running() -> Subquery:
    return (
        select(SubmissionRow.team_id, func.count().label("running"))
        .where(SubmissionRow.state == State.RUNNING)
        .group_by(SubmissionRow.team_id)
        .subquery()
    )


def places(session: Session) -> Mapping[int, int]:
    """For each queued submission, how many will be claimed before it if none ends and none comes."""
    running = _running()
    queued = session.execute(
        select(
            SubmissionRow.team_id, SubmissionRow.id, TeamRow.claimed_at, func.coalesce(running.c.running, 0)
        )
        .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .outerjoin(running, running.c.team_id == SubmissionRow.team_id)
        .where(SubmissionRow.state == State.QUEUED, SubmissionRow.deleted_at.is_(None))
        .order_by(SubmissionRow.team_id, SubmissionRow.id)
    )
    teams = []
    for _, rows in itertools.groupby(queued, key=lambda row: row[0]):
        refs, claimed_at, busy = zip(*((ref, at, count) for _, ref, at, count in rows), strict=True)
        teams.append(turns.Waiting(refs, busy[0], claimed_at[0]))
    return turns.places(teams)


def held(session: Session, job: Job) -> SubmissionRow | None:
    """The job's submission if it is still this holder's at this attempt, locked for us."""
    return session.scalar(
        select(SubmissionRow)
        .where(
            SubmissionRow.id == job.ref,
            SubmissionRow.state == State.RUNNING,
            SubmissionRow.holder == job.holder,
            SubmissionRow.attempts == job.attempt,
        )
        .with_for_update()
    )


def renew(session: Session, job: Job, now: datetime) -> bool:
    row = held(session, job)
    if row is None or row.lease_seconds is None:
        return False
    row.lease_until = now + timedelta(seconds=row.lease_seconds)
    return True


def sweep(session: Session, now: datetime) -> int:
    """Give back what is running past its lease; return how many."""
    lost = session.scalars(
        select(SubmissionRow)
        .where(SubmissionRow.state == State.RUNNING, SubmissionRow.lease_until < now)
        .with_for_update(skip_locked=True)
    ).all()
    for row in lost:
        text = f"{row.holder} gave no sign of life after {row.lease_until:%Y-%m-%d %H:%M:%S} UTC"
        session.add(broken(row, text, now))
        give_back(row)
    return len(lost)


def release(session: Session, job: Job, now: datetime) -> bool:
    """Back to the queue without counting as a fault: the grader was told to stop."""
    row = held(session, job)
    if row is None:
        return False
    session.add(broken(row, f"{row.holder} was stopped", now))
    give_back(row, faults=0)
    return True


def give_back(row: SubmissionRow, *, faults: int = 1) -> None:
    """After an attempt that broke on our side: to the queue again, or parked after the last one."""
    row.faults += faults
    row.state = State.QUEUED if row.faults < ATTEMPTS else State.GRADER_ERROR
    row.judged_attempt = row.attempts
    free(row)


def free(row: SubmissionRow) -> None:
    row.holder = row.lease_seconds = row.lease_until = row.claimed_at = None


def broken(row: SubmissionRow, text: str, now: datetime) -> JudgingRow:
    """The judging of an attempt of which no report came."""
    return JudgingRow(
        submission_id=row.id,
        attempt=row.attempts,
        holder=row.holder or "",
        verdict=Verdict.GRADER_ERROR,
        reason="",
        message="",
        log=storable(text),
        run_seed=None,
        data_sha256="",
        launcher="",
        layers="",
        wall_seconds=0.0,
        cpu_seconds=0.0,
        peak_bytes=0,
        started_at=row.claimed_at,
        recorded_at=now,
    )
