"""Secrets that let people in. Every function works inside the caller's transaction.

A secret is 256 random bits, told once; what is kept is its SHA-256. A prefix says what a leaked one is.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from grader.errors import Denied
from leaderboard.accounts import INVITATION, Account, whose
from leaderboard.membership import Grant, Kind
from leaderboard.tables import StaffRow, StudentRow, TokenRow

CLIENT: Kind = "client"
SESSION: Kind = "session"
PREFIXES = {INVITATION: "hi_", CLIENT: "hc_", SESSION: "hs_"}
LIVES = {CLIENT: timedelta(days=90), SESSION: timedelta(days=14)}
GRACE = timedelta(minutes=10)  # that a client's old secret lives on once the new one is in use
SIGHTING = timedelta(minutes=1)  # between two notes that somebody was there
RANDOM_BYTES = 32
ASK = "ask your instructor for a new one: `heldout token reset USERNAME`"
NEXT = {
    INVITATION: ASK,
    CLIENT: f"log in again: `heldout login URL`, with a new token; {ASK}",
    SESSION: f"log in again, with a token of a device where you still are, or {ASK}",
}


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def make(
    session: Session,
    account: Account,
    kind: str,
    span: timedelta,
    now: datetime,
    *,
    replaces: int | None = None,
) -> Grant:
    """A fresh secret of theirs."""
    grant = Grant(PREFIXES[kind] + secrets.token_urlsafe(RANDOM_BYTES), now + span)
    student_id, staff_id = whose(account)
    session.add(
        TokenRow(
            digest=digest(grant.token),
            kind=kind,
            student_id=student_id,
            staff_id=staff_id,
            created_at=now,
            expires_at=grant.expires_at,
            replaces=replaces,
        )
    )
    session.flush()
    return grant


def use(session: Session, secret: str, now: datetime) -> Account:
    """Whose invitation it is, which ends with this: of two at the same moment one is Denied."""
    used = update(TokenRow).where(
        TokenRow.digest == digest(secret),
        TokenRow.kind == INVITATION,
        TokenRow.used_at.is_(None),
        TokenRow.revoked_at.is_(None),
        TokenRow.expires_at > now,
    )
    won = session.scalar(used.values(used_at=now).returning(TokenRow.id))
    token, account = _look_up(session, secret, INVITATION)
    if won is None or not _there(account):
        raise _denied(token, now)
    return account


def find(session: Session, secret: str, kind: Kind, now: datetime) -> tuple[TokenRow, Account]:
    """The token and its owner, in one query. Raises Denied."""
    token, account = _look_up(session, secret, kind)
    if token.revoked_at or token.expires_at <= now or not _there(account):
        raise _denied(token, now)
    return token, account


def _look_up(session: Session, secret: str, kind: str) -> tuple[TokenRow, Account]:
    found = session.execute(
        select(TokenRow, StudentRow, StaffRow)
        .outerjoin(StudentRow, StudentRow.id == TokenRow.student_id)
        .outerjoin(StaffRow, StaffRow.id == TokenRow.staff_id)
        .where(TokenRow.digest == digest(secret), TokenRow.kind == kind)
    ).one_or_none()
    if found is None:
        raise Denied(
            "nobody has this token", expected="a token in full, as it was given", next_step=NEXT[kind]
        )
    token, student, staff = found
    return token, student or staff


def _there(account: Account) -> bool:
    return isinstance(account, StudentRow) or account.removed_at is None


def _denied(token: TokenRow, now: datetime) -> Denied:
    """Why it lets nobody in any more."""
    if token.revoked_at is None and token.used_at is not None:
        what, expected = (
            "this token has been used already",
            "a token that has not been used: each is good once",
        )
    elif token.revoked_at is None and token.expires_at <= now:
        what = f"this token expired on {token.expires_at.astimezone(UTC):%d %b %Y at %H:%M} UTC"
        expected = "a token that is still good"
    else:
        what, expected = "this token was revoked", "the latest token that you were given"
    return Denied(what, expected=expected, next_step=NEXT[token.kind])


def is_stale(token: TokenRow, now: datetime) -> bool:
    """Whether the last note that its owner was there is old enough for another."""
    return token.last_seen_at is None or token.last_seen_at + SIGHTING <= now


def see(session: Session, token_id: int, now: datetime) -> None:
    """Note that its owner was there: the new secret has arrived, so that the one before may end."""
    token = session.get_one(TokenRow, token_id, with_for_update=True)
    if is_stale(token, now):
        token.last_seen_at = now
    if token.replaces is not None:
        end = update(TokenRow).where(TokenRow.id == token.replaces, TokenRow.expires_at > now + GRACE)
        session.execute(end.values(expires_at=now + GRACE))


def forget(session: Session, secret: str, now: datetime) -> None:
    """End it, and those that it replaced. What is unknown or has ended stays as it is."""
    token = session.scalar(select(TokenRow).where(TokenRow.digest == digest(secret)))
    while token is not None and token.revoked_at is None:
        token.revoked_at = now
        token = session.get(TokenRow, token.replaces) if token.replaces is not None else None


def revoke(session: Session, account: Account, now: datetime, *, only: str | None = None) -> int:
    """End all that let this person in, or those of one kind; return how many still did."""
    student_id, staff_id = whose(account)
    theirs = TokenRow.student_id == student_id if staff_id is None else TokenRow.staff_id == staff_id
    live = update(TokenRow).where(theirs, TokenRow.revoked_at.is_(None), TokenRow.used_at.is_(None))
    if only is not None:
        live = live.where(TokenRow.kind == only)
    ended = session.scalars(live.values(revoked_at=now).returning(TokenRow.expires_at))
    return sum(expires_at > now for expires_at in ended)
