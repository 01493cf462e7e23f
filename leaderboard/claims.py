"""The queue: submissions come in, are claimed with a lease, and come back when a lease is lost.

Every function works inside the caller's transaction. Fairness: the team with the fewest submissions running
goes first; of those, the one whose latest claim is longest ago; of those, the oldest submission. Trainings
come after what is short, unless they have waited long.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Subquery, and_, bindparam, exists, false, func, select, true, tuple_
from sqlalchemy.orm import Session

from grader.errors import HeldoutError
from grader.report import EVERYTHING, Choice, Job
from grader.rules import Rules
from grader.spec import RunKind
from leaderboard import admission, progress
from leaderboard.columns import Leased
from leaderboard.people import find_team
from leaderboard.records import Receipt, State, TeamKind
from leaderboard.reports import add_broken
from leaderboard.tables import RegradeRow, SubmissionRow, TeamRow

PATIENCE = timedelta(minutes=10)  # that a training waits while there is something shorter to do
ATTEMPTS = 3  # that may break on our side before a submission is parked for the instructor
OPEN, APPLIED, CANCELLED = "open", "applied", "cancelled"  # of a set that is regraded
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


@dataclass(frozen=True)
class Asked:
    """What a grader asks for. `paused`: assignments of which nothing is given out; "" stands for all."""

    holder: str
    lease_seconds: float
    choice: Choice = EVERYTHING
    paused: frozenset[str] = frozenset()

    @property
    def fits(self) -> ColumnElement[bool]:
        """Said only where something is left out: the plain question is asked many times a second."""
        if "" in self.paused:
            return false()
        chosen = self._chosen
        return and_(chosen, SubmissionRow.assignment.not_in(self.paused)) if self.paused else chosen

    @property
    def _chosen(self) -> ColumnElement[bool]:
        if not self.choice.named:
            return true() if self.choice.others else false()
        board = tuple_(SubmissionRow.assignment, SubmissionRow.run_kind)
        named = sorted(self.choice.named)
        return board.not_in(named) if self.choice.others else board.in_(named)


def waits(session: Session, asked: Asked) -> bool:
    """Whether any of what is asked for is queued."""
    queued = SubmissionRow.state == State.QUEUED, SubmissionRow.deleted_at.is_(None), asked.fits
    return session.scalar(select(exists().where(*queued))) is True


def claim(session: Session, asked: Asked, now: datetime) -> Job | None:
    """Take the submission whose turn it is, of those asked for; None when there is none."""
    running = running_by_team()
    row = session.scalar(
        select(SubmissionRow)
        .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .outerjoin(running, running.c.team_id == SubmissionRow.team_id)
        .where(SubmissionRow.state == State.QUEUED, SubmissionRow.deleted_at.is_(None), asked.fits)
        .order_by(
            held_back(now),
            func.coalesce(running.c.running, 0),
            TeamRow.claimed_at.asc().nulls_first(),
            SubmissionRow.id,
        )
        .limit(1)
        .with_for_update(of=SubmissionRow, skip_locked=True)
    )
    if row is None:
        return None
    team = session.get_one(TeamRow, row.team_id)
    team.claimed_at = now
    row.attempts += 1
    expires_at = lease(row, asked, now)
    return Job(
        row.id,
        team.name,
        row.assignment,
        row.sha256,
        row.attempts,
        asked.holder,
        expires_at,
        row.run_kind,
        data_version=data_version(session, row.assignment),
    )


def lease(row: Leased, asked: Asked, now: datetime) -> datetime:
    """Give it to who asked; return until when."""
    row.state, row.holder, row.claimed_at = State.RUNNING, asked.holder, now
    row.lease_seconds = asked.lease_seconds
    row.lease_until = now + timedelta(seconds=asked.lease_seconds)
    return row.lease_until


def data_version(session: Session, assignment: str) -> int:
    """That of the last regrade that was applied: what everything is judged on."""
    found = session.scalar(
        select(RegradeRow.data_version)
        .where(RegradeRow.assignment == assignment, RegradeRow.state == APPLIED)
        .order_by(RegradeRow.id.desc())
        .limit(1)
    )
    return found or 1


def held_back(now: datetime) -> ColumnElement[bool]:
    """Trainings take minutes: what takes seconds goes before them, until they have waited long enough."""
    return (SubmissionRow.run_kind == RunKind.TRAIN) & (SubmissionRow.received_at > now - PATIENCE)


def running_by_team() -> Subquery:
    return (
        select(SubmissionRow.team_id, func.count().label("running"))
        .where(SubmissionRow.state == State.RUNNING)
        .group_by(SubmissionRow.team_id)
        .subquery()
    )


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
    hold_to_the_clock(session, SubmissionRow, now)
    lost = session.scalars(
        select(SubmissionRow)
        .where(SubmissionRow.state == State.RUNNING, SubmissionRow.lease_until < now)
        .with_for_update(skip_locked=True)
    ).all()
    for row in lost:
        text = f"{row.holder} gave no sign of life after {row.lease_until:%Y-%m-%d %H:%M:%S} UTC"
        add_broken(session, row.id, row.attempts, row, text, now)
        give_back(row)
    return len(lost)


def hold_to_the_clock(session: Session, table: type[Leased], now: datetime) -> None:
    """Where a clock was set back, leases would last that much longer: they begin anew; who lives renews."""
    query = select(table).where(table.state == State.RUNNING, table.lease_until > now)
    for row in session.scalars(query.with_for_update(skip_locked=True)):
        longest = now + timedelta(seconds=row.lease_seconds or 0.0)
        row.lease_until = min(row.lease_until or longest, longest)


def release(session: Session, job: Job, why: str, now: datetime) -> bool:
    """Back to the queue without counting as a fault; `why`: what the holder did, in words."""
    row = held(session, job)
    if row is None:
        return False
    add_broken(session, row.id, row.attempts, row, f"{row.holder} {why}", now)
    give_back(row, faults=0)
    return True


def give_back(row: SubmissionRow, *, faults: int = 1) -> None:
    """After an attempt that broke on our side: to the queue again, or parked after the last one."""
    row.judged_attempt = row.attempts
    requeue(row, faults=faults)


def requeue(row: Leased, *, faults: int = 1) -> None:
    row.faults += faults
    row.state = State.QUEUED if row.faults < ATTEMPTS else State.GRADER_ERROR
    free(row)


def free(row: Leased) -> None:
    row.holder = row.lease_seconds = row.lease_until = row.claimed_at = None
    if isinstance(row, SubmissionRow):
        progress.forget(row)
