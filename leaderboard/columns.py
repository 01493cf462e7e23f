"""What the ledger's tables are made of: times in UTC, enumerations as words, and what a lease consists of."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, DateTime, Enum, MetaData, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from grader.report import Verdict
from grader.spec import RunKind
from leaderboard.membership import Role
from leaderboard.records import State, TeamKind

NONE = timedelta()


class NaiveTimeError(DontWrapMixin, ValueError):
    """A time without a zone: nobody could say later when that was."""


class UtcTime(TypeDecorator[datetime]):
    """Aware times in, aware UTC out. SQLite keeps them as text that sorts; PostgreSQL has a type for them."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise NaiveTimeError(f"{value} has no zone; expected an aware time, UTC for instance")
        return value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """In one step each: a board has thousands of times."""
        return _from_text if dialect.name == "sqlite" else _in_utc


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "+00:00")


def _in_utc(value: datetime | None) -> datetime | None:
    """Most connections' zone is UTC (see `Database`): then only its name is another."""
    if value is None or value.utcoffset() == NONE:
        return value and value.replace(tzinfo=UTC)
    return value.astimezone(UTC)


def _words(kind: type[StrEnum]) -> Enum:
    """An enumeration stored as the words that a reader of the database expects."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=20,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy declares it so)
        datetime: UtcTime,
        Role: _words(Role),
        RunKind: _words(RunKind),
        State: _words(State),
        TeamKind: _words(TeamKind),
        Verdict: _words(Verdict),
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON,
        list[float]: JSON,
    }


class Leased:
    """What a grader takes for a while: queued, running until a time, done, or parked."""

    state: Mapped[State]
    faults: Mapped[int]  # attempts that broke on our side
    holder: Mapped[str | None] = mapped_column(Text)
    claimed_at: Mapped[datetime | None]
    lease_seconds: Mapped[float | None]
    lease_until: Mapped[datetime | None]
