"""At the door: may this team hand in now? Every function works inside the caller's transaction."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import Session

from grader.errors import Refused
from grader.rules import Rules
from grader.spec import RunKind
from leaderboard.records import Quota, State, TeamKind
from leaderboard.tables import BoardRow, ExtensionRow, StudentRow, SubmissionRow, TeamRow

DAY = timedelta(days=1)
REFUNDED = (State.GRADER_ERROR, State.CANCELLED)  # platform's faults and cancelled ones cost nothing

_COST = and_(*(SubmissionRow.state != state for state in REFUNDED))
# Received today, in all, and pending; when the latest was scored: in one pass over one index, and made once,
# for making a statement takes longer than many a database takes to answer it.
_COUNTED = select(
    func.count().filter(
        _COST,
        SubmissionRow.received_at >= bindparam("midnight"),
        SubmissionRow.received_at < bindparam("next_midnight"),  # a clock may have been set back
    ),
    func.count().filter(_COST),
    func.count().filter((SubmissionRow.state == State.QUEUED) | (SubmissionRow.state == State.RUNNING)),
    func.max(SubmissionRow.judged_at).filter(SubmissionRow.state == State.SCORED),
).where(
    SubmissionRow.team_id == bindparam("team"),
    SubmissionRow.assignment == bindparam("slug"),
    SubmissionRow.run_kind == bindparam("run_kind"),
    SubmissionRow.deleted_at.is_(None),
)
_MEMBERS = (
    select(StudentRow.username, ExtensionRow.until)
    .outerjoin(
        ExtensionRow,
        (ExtensionRow.student_id == StudentRow.id) & (ExtensionRow.assignment == bindparam("slug")),
    )
    .where(StudentRow.team_id == bindparam("team"))
)


def quota(
    session: Session, team: TeamRow, assignment: str, run_kind: RunKind, rules: Rules, now: datetime
) -> Quota:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    which = {"team": team.id, "slug": assignment, "run_kind": run_kind}
    which |= {"midnight": midnight, "next_midnight": midnight + DAY}
    today, used, pending, last = session.execute(_COUNTED, which).one()
    deadline = deadline_of(session, team, assignment, rules)
    return Quota(
        today=today,
        daily=rules.daily,
        used=used,
        total=rules.total,
        pending=pending,
        most_pending=rules.pending,
        opens=rules.opens,
        deadline=deadline,
        closes=rules.closes(deadline),
        revealed=is_revealed(session, assignment, run_kind, rules, now),
        next_at=last + timedelta(seconds=rules.cooldown_seconds) if rules.cooldown_seconds and last else None,
    )


def deadline_of(session: Session, team: TeamRow, assignment: str, rules: Rules) -> datetime | None:
    """The latest that any member has: an extension for one is the team's."""
    if rules.deadline is None or team.kind is not TeamKind.STUDENT:
        return None
    members = session.execute(_MEMBERS, {"team": team.id, "slug": assignment}).all()
    granted = max((until for _, until in members if until), default=None)
    return rules.deadline_of((name for name, _ in members), granted)


def is_revealed(session: Session, assignment: str, run_kind: RunKind, rules: Rules, now: datetime) -> bool:
    """Whether everybody may see the private board."""
    row = session.get(BoardRow, (assignment, run_kind))
    by_hand = row is not None and row.revealed_at is not None and row.revealed_at <= now
    return by_hand or (rules.reveal is not None and rules.reveal <= now)


def check(allowed: Quota, now: datetime) -> None:
    """Raise Refused, with when or how it will be possible, unless a submission may come in now."""
    if allowed.revealed:  # what came now would be chosen by private scores
        raise _refusal("the private board is revealed", "a submission before that", "ask your instructor")
    if allowed.opens and now < allowed.opens:
        raise _refusal("the assignment is not open yet", f"from {_said(allowed.opens)} on", "come back then")
    if allowed.closes and now > allowed.closes:
        raise _refusal(
            "the assignment is closed",
            f"until {_said(allowed.closes)}",
            "ask your instructor for an extension",
        )
    check_rested(allowed, now)
    check_room(allowed, now)


def check_rested(allowed: Quota, now: datetime) -> None:
    """The same of the cool-down."""
    if allowed.next_at and now < allowed.next_at:
        raise _refusal("your last one was scored just now", f"from {_said(allowed.next_at)} on", "wait")


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


def _said(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%a, %d %b %Y %H:%M:%S} UTC"


def _refusal(what: str, expected: str, next_step: str) -> Refused:
    return Refused(f"not received: {what}", expected=expected, next_step=next_step)
