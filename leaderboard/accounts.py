"""Students and staff as people who can log in. Every function works inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from grader.errors import HeldoutError, NotFound, Refused
from leaderboard.membership import Member, Person, Role
from leaderboard.names import clean_name, name_key
from leaderboard.people import note, whole
from leaderboard.roster import check_email
from leaderboard.tables import StaffRow, StudentRow, TeamRow, TokenRow

INVITATION = "invitation"
Account = StudentRow | StaffRow
Whose = tuple[int | None, int | None]  # a student's id, or one of staff


def whose(account: Account) -> Whose:
    return (account.id, None) if isinstance(account, StudentRow) else (None, account.id)


def find(session: Session, username: str) -> Account:
    """Whoever has that username, up to case. Raises NotFound, also for staff who were removed."""
    key = name_key(username)
    student = session.scalar(select(StudentRow).where(StudentRow.username_key == key))
    if student is not None:
        return student
    staff = session.scalar(select(StaffRow).where(StaffRow.username_key == key))
    if staff is not None and staff.removed_at is None:
        return staff
    raise NotFound(
        f"there is nobody with the username {username[:100]!r}",
        expected="a username of a student or of staff",
        next_step="see `heldout roster list`",
    )


def person(session: Session, account: Account) -> Person:
    """Who it is, and a student's team as it is now."""
    if isinstance(account, StaffRow):
        return Person(account.username, account.name, account.role)
    team = whole(session, session.get_one(TeamRow, account.team_id))
    return Person(account.username, account.name, Role.STUDENT, team.name)


def everybody(session: Session) -> list[Account]:
    """Staff, then students, in the order of their usernames."""
    there = select(StaffRow).where(StaffRow.removed_at.is_(None)).order_by(StaffRow.username_key)
    return [*session.scalars(there), *session.scalars(select(StudentRow).order_by(StudentRow.username_key))]


def members(session: Session, accounts: Sequence[Account], now: datetime) -> list[Member]:
    """The roster's lines of these, in their order."""
    held = session.scalars(select(TeamRow)).all()  # so that no team is asked for by itself
    seen = _latest(session, TokenRow.last_seen_at, TokenRow.last_seen_at.is_not(None))
    invited = _latest(session, TokenRow.expires_at, _unused(now))
    found = []
    for account in accounts:
        one, key = person(session, account), whose(account)
        found.append(
            Member(
                one.username,
                one.name,
                one.role,
                one.team,
                email=account.email,
                last_seen_at=seen.get(key),
                invited_until=invited.get(key),
            )
        )
    del held
    return found


def _unused(now: datetime) -> ColumnElement[bool]:
    """An invitation that lets somebody in, still."""
    return (
        (TokenRow.kind == INVITATION)
        & TokenRow.used_at.is_(None)
        & TokenRow.revoked_at.is_(None)
        & (TokenRow.expires_at > now)
    )


def _latest(
    session: Session,
    time: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    which: ColumnElement[bool],
) -> dict[Whose, datetime | None]:
    """By owner, the latest of their tokens' times."""
    query = select(TokenRow.student_id, TokenRow.staff_id, func.max(time)).where(which)
    found = session.execute(query.group_by(TokenRow.student_id, TokenRow.staff_id))
    return {(student, staff): at for student, staff, at in found}


# ---------------------------------------------------------------- staff


def add_staff(session: Session, one: Member, now: datetime) -> Person:
    """Add one of the staff, correct one, or take one back. Raises HeldoutError."""
    username = clean_name(one.username, what="the username")
    name = clean_name(one.name, what="the name")
    email = check_email(one.email.strip(), f"{username}'s e-mail")
    key = name_key(username)
    if not one.role.staff:
        raise HeldoutError("staff have another role", expected="instructor or observer")
    if session.scalar(select(StudentRow.id).where(StudentRow.username_key == key)) is not None:
        raise Refused(
            f"{username!r} is a student's username already",
            expected="a username that nobody has",
            next_step="choose another",
        )
    row = session.scalar(select(StaffRow).where(StaffRow.username_key == key).with_for_update())
    if row is None:
        row = StaffRow(username=username, username_key=key, created_at=now)
        session.add(row)
    row.name, row.email, row.role, row.removed_at = name, email, one.role, None
    note(session, now, "staff added", username, role=one.role)
    session.flush()
    return person(session, row)


def remove_staff(session: Session, username: str, now: datetime) -> StaffRow:
    """The line stays, for the audit log names it. Raises NotFound, and Refused for a student."""
    row = find(session, username)
    if isinstance(row, StudentRow):
        raise Refused(f"{row.username!r} is a student", expected="the username of one of the staff")
    row.removed_at = now
    note(session, now, "staff removed", row.username, role=row.role)
    return row
