"""Who belongs to the course, and what proves it: frozen records that need no database."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

Kind = Literal["client", "session"]  # what is logged in: the command line, a web browser


class Role(StrEnum):
    """What somebody may do: an observer sees what an instructor sees, and decides nothing."""

    STUDENT = "student"
    OBSERVER = "observer"
    INSTRUCTOR = "instructor"

    @property
    def staff(self) -> bool:
        return self is not Role.STUDENT


@dataclass(frozen=True)
class Person:
    """Whoever asks. `team`: a student's as it is now, the one it was merged into; None for staff."""

    username: str
    name: str
    role: Role
    team: str | None = None


@dataclass(frozen=True)
class Member(Person):
    """A line of the roster. `invited_until`: of an invitation that has not been used."""

    email: str = ""
    last_seen_at: datetime | None = None
    invited_until: datetime | None = None


@dataclass(frozen=True)
class Grant:
    """A secret, told this once and never stored: the ledger has only its hash."""

    token: str
    expires_at: datetime

    def __repr__(self) -> str:
        """No log and no traceback shows the secret."""
        return f"Grant(token='{self.token[:3]}…', expires_at={self.expires_at!r})"
