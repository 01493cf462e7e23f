"""At the door: may this team hand in now? Every function works inside the caller's transaction."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from grader.errors import HeldoutError
from grader.rules import Rules
from grader.spec import RunKind
from leaderboard.records import Quota, State, TeamKind
from leaderboard.tables import ExtensionRow, StudentRow, SubmissionRow, TeamRow

DAY = timedelta(days=1)
REFUNDED = (State.GRADER_ERROR, State.CANCELLED)  # platform's faults and cancelled ones cost nothing


def quota(
    session: Session, team: TeamRow, assignment: str, run_kind: RunKind, rules: Rules, now: datetime
) -> Quota:
    theirs = _theirs(team, assignment, run_kind)
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    counted = theirs.where(SubmissionRow.state.not_in(REFUNDED))
    pending = theirs.where(SubmissionRow.state.in_([State.QUEUED, State.RUNNING]))
    deadline = deadline_of(session, team, assignment, rules)
    return Quota(
        today=session.scalar(counted.where(_within_a_day_of(midnight))) or 0,
        daily=rules.daily,
        used=session.scalar(counted) or 0,
        total=rules.total,
        pending=session.scalar(pending) or 0,
        most_pending=rules.pending,
        opens=rules.opens,
        deadline=deadline,
        closes=rules.closes(deadline),
        next_at=_rested(session, team, assignment, run_kind, rules),
    )


def _within_a_day_of(midnight: datetime) -> ColumnElement[bool]:
    return (SubmissionRow.received_at >= midnight) & (SubmissionRow.received_at < midnight + DAY)


def deadline_of(session: Session, team: TeamRow, assignment: str, rules: Rules) -> datetime | None:
    """The latest that any member has: an extension for one is the team's."""
    if rules.deadline is None or team.kind is not TeamKind.STUDENT:
        return None
    members = session.scalars(select(StudentRow.username).where(StudentRow.team_id == team.id))
    granted = session.scalar(
        select(func.max(ExtensionRow.until))
        .join(StudentRow, StudentRow.id == ExtensionRow.student_id)
        .where(StudentRow.team_id == team.id, ExtensionRow.assignment == assignment)
    )
    return rules.deadline_of(members, granted)


def check(allowed: Quota, now: datetime) -> None:
    """Raise HeldoutError, with when or how it will be possible, unless a submission may come in now."""
    if allowed.opens and now < allowed.opens:
        raise _refusal("the assignment is not open yet", f"from {_said(allowed.opens)} on", "come back then")
    if allowed.closes and now > allowed.closes:
        raise _refusal(
            "the assignment is closed",
            f"until {_said(allowed.closes)}",
            "ask your instructor for an extension",
        )
    if allowed.next_at and now < allowed.next_at:
        raise _refusal("your last one was scored just now", f"from {_said(allowed.next_at)} on", "wait")
    check_room(allowed, now)


def check_room(allowed: Quota, now: datetime) -> None:
    """The same of numbers alone."""
    if allowed.most_pending is not None and allowed.pending >= allowed.most_pending:
        raise _refusal(
            f"{allowed.pending} of your submissions are waiting or being graded",
            f"at most {allowed.most_pending} at a time",
            "wait for one to be graded, or take one back with `heldout withdraw REF`",
        )
    if allowed.total is not None and allowed.used >= allowed.total:
        raise _refusal(f"all {allowed.total} submissions have been used", f"at most {allowed.total}", "")
    if allowed.daily is not None and allowed.today >= allowed.daily:
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + DAY
        raise _refusal(
            f"today's {allowed.daily} submissions have been used",
            f"at most {allowed.daily} a day",
            f"the next day begins at {_said(midnight)}",
        )


def _theirs(team: TeamRow, assignment: str, run_kind: RunKind) -> Select[int]:
    return select(func.count()).where(
        SubmissionRow.team_id == team.id,
        SubmissionRow.assignment == assignment,
        SubmissionRow.run_kind == run_kind,
        SubmissionRow.deleted_at.is_(None),
    )


def _rested(
    session: Session, team: TeamRow, assignment: str, run_kind: RunKind, rules: Rules
) -> datetime | None:
    if not rules.cooldown_seconds:
        return None
    last = session.scalar(
        select(func.max(SubmissionRow.judged_at)).where(
            SubmissionRow.team_id == team.id,
            SubmissionRow.assignment == assignment,
            SubmissionRow.run_kind == run_kind,
            SubmissionRow.state == State.SCORED,
        )
    )
    return last + timedelta(seconds=rules.cooldown_seconds) if last else None


def _said(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%a, %d %b %Y %H:%M:%S} UTC"


def _refusal(what: str, expected: str, next_step: str) -> HeldoutError:
    return HeldoutError(f"not received: {what}", expected=expected, next_step=next_step)
