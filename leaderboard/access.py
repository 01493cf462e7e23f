"""Who may come in, one method and one transaction each; the audit log has what somebody decided."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from grader.errors import HeldoutError, Unavailable
from leaderboard import accounts, tokens
from leaderboard.accounts import INVITATION
from leaderboard.database import Clock, Database
from leaderboard.membership import Grant, Kind, Member, Person, Role
from leaderboard.people import note

LONGEST_HOURS = 24 * 365.0


class Access:
    """A part of `Store`. Students and staff have usernames, which are compared up to case and width."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # ------------------------------------------------------------ tokens

    def invite(self, username: str, *, hours: float = 72.0) -> Grant:
        """A secret for one log-in; those before that were not used end. Raises NotFound."""
        [(_, grant)] = self.invite_all([username], hours=hours)
        return grant

    def invite_all(
        self, usernames: Sequence[str] | None = None, *, hours: float = 72.0
    ) -> list[tuple[Member, Grant]]:
        """The same for several, all or none; None: everybody of the course, staff as well."""
        if not 0 < hours <= LONGEST_HOURS:
            raise HeldoutError(
                f"an invitation of {hours:g} hours", expected=f"more than 0, at most {LONGEST_HOURS:g}"
            )
        with self._database.writing() as session:
            now, span = self._clock(), timedelta(hours=hours)
            invited = (
                accounts.everybody(session)
                if usernames is None
                else [accounts.find(session, name) for name in usernames]
            )
            grants = []
            for account in invited:
                tokens.revoke(session, account, now, only=INVITATION)
                grants.append(tokens.make(session, account, INVITATION, span, now))
                note(
                    session,
                    now,
                    "invited",
                    account.username,
                    until=grants[-1].expires_at.isoformat(timespec="seconds"),
                )
            return list(zip(accounts.members(session, invited, now), grants, strict=True))

    def link(self, person: Person, *, minutes: float = 10.0) -> Grant:
        """A secret for one log-in elsewhere, of somebody who is logged in; nothing ends. Raises NotFound."""
        with self._database.writing() as session:
            account = accounts.find(session, person.username)
            return tokens.make(session, account, INVITATION, timedelta(minutes=minutes), self._clock())

    def log_in(self, secret: str, *, kind: Kind) -> tuple[Person, Grant]:
        """Use up an invitation; what lets its person in from now on. Raises Denied, also to a second one."""
        with self._database.writing() as session:
            now = self._clock()
            account = tokens.use(session, secret, now)
            return accounts.person(session, account), tokens.make(
                session, account, kind, tokens.LIVES[kind], now
            )

    def who(self, secret: str, *, kind: Kind) -> Person:
        """Whose secret it is. Raises Denied, which says whether it is unknown, expired or revoked."""
        with self._database.reading() as session:
            now = self._clock()
            token, account = tokens.find(session, secret, kind, now)
            stale, token_id = tokens.is_stale(token, now), token.id
            person = accounts.person(session, account)
        if stale:
            self._see(token_id)
        return person

    def _see(self, token_id: int) -> None:
        """Where the database is busy the next request will do it."""
        with suppress(Unavailable), self._database.writing() as session:
            tokens.see(session, token_id, self._clock())

    def rotate(self, secret: str) -> Grant:
        """A fresh secret for a client. The old one lives on until ten minutes after that is first used: an
        answer that never arrives locks nobody out. Raises Denied.
        """
        with self._database.writing() as session:
            now = self._clock()
            token, account = tokens.find(session, secret, tokens.CLIENT, now)
            tokens.see(session, token.id, now)
            span = tokens.LIVES[tokens.CLIENT]
            return tokens.make(session, account, tokens.CLIENT, span, now, replaces=token.id)

    def log_out(self, secret: str) -> None:
        """End a secret, of whatever kind, and those that it replaced; one that has ended stays so."""
        with self._database.writing() as session:
            tokens.forget(session, secret, self._clock())

    def revoke(self, username: str) -> int:
        """End all secrets of a person; return how many still let somebody in. Raises NotFound."""
        with self._database.writing() as session:
            now = self._clock()
            account = accounts.find(session, username)
            ended = tokens.revoke(session, account, now)
            note(session, now, "tokens revoked", account.username, tokens=ended)
            return ended

    # ------------------------------------------------------------ people

    def people(self) -> list[Member]:
        """Staff, then students, in the order of their usernames."""
        with self._database.reading() as session:
            return accounts.members(session, accounts.everybody(session), self._clock())

    def add_staff(self, name: str, email: str, username: str, role: Role) -> Person:
        """Add one of the staff, or correct name, e-mail and role. Raises HeldoutError."""
        with self._database.writing() as session:
            one = Member(username, name, role, email=email)
            return accounts.add_staff(session, one, self._clock())

    def remove_staff(self, username: str) -> None:
        """No longer of the staff; all that let them in ends. Raises NotFound, and Refused for a student."""
        with self._database.writing() as session:
            now = self._clock()
            tokens.revoke(session, accounts.remove_staff(session, username, now), now)
