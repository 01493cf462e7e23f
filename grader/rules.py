"""What a course demands of submissions to one assignment, and which of them count: data, checked."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

YEAR = 366 * 24 * 3600.0  # seconds


def _no_number(value: Any) -> Any:
    """20261121 would be a second of the year 1970."""
    if isinstance(value, date) or (isinstance(value, str) and not value.strip().isdecimal()):
        return value
    said = f"{value} is no time" if not isinstance(value, dict) else "a name with dots has quotes around it"
    raise PydanticCustomError("datetime_type", "{said}", {"said": said})


def _lifted(value: Any) -> Any:
    """TOML has no null."""
    return None if value == UNLIMITED else value


UNLIMITED = "unlimited"
Count = Annotated[int, Field(gt=0, strict=True)]
Limit = Annotated[Count | None, BeforeValidator(_lifted)]
Instant = Annotated[AwareDatetime, BeforeValidator(_no_number)]


class Counts(StrEnum):
    """Which of a team's submissions its final, private score is from."""

    BEST = "best"  # the best on the public board
    LAST = "last"  # the one received last
    SELECTED = "selected"  # the better of those it selected; the best on the public board if it selected none


class Rules(BaseModel):
    """Times are instants with a zone. None: no limit; "unlimited" says so of daily, total and pending.

    Contradictions are refused with the key that has to change, in the error's context.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    opens: Instant | None = None
    deadline: Instant | None = None  # received by then counts, whenever it runs
    late_until: Instant | None = None  # received by then is scored, but not ranked
    daily: Limit = 5  # submissions of a team to one board in a day of UTC
    total: Limit = None
    pending: Limit = 2  # of a team, queued or running
    cooldown_seconds: Annotated[float, Field(ge=0, le=YEAR, allow_inf_nan=False)] = (
        0.0  # after a submission that was scored
    )
    team_size: Count | None = None
    merge_until: Instant | None = None
    counts: Counts = Counts.SELECTED
    selections: Count = 2
    public_share: Annotated[float, Field(gt=0, lt=1)] | None = None  # None: the assignment's own
    freeze: Instant | None = None  # from then until it is revealed the public board stands still
    reveal: Instant | None = None  # from then on everybody sees the private board
    extensions: Mapping[str, Instant] = Field(default_factory=dict)  # by username

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        last = max(filter(None, (self.deadline, self.late_until, *self.extensions.values())), default=None)
        _in_order("opens", self.opens, "deadline", self.deadline)
        _in_order("opens", self.opens, "freeze", self.freeze)
        _in_order("opens", self.opens, "reveal", self.reveal)
        _needs("late_until", self.late_until, self.deadline)
        _in_order("deadline", self.deadline, "late_until", self.late_until)
        _in_order("merge_until", self.merge_until, "deadline", self.deadline)
        _in_order("freeze", self.freeze, "reveal", self.reveal)
        for name, until in self.extensions.items():
            _needs(f"extensions.{name}", until, self.deadline)
            _in_order("deadline", self.deadline, f"extensions.{name}", until, wrong=f"extensions.{name}")
        if last and self.reveal and self.reveal < last:
            raise _contradiction(
                "reveal", f"reveal = {self.reveal} is before {last}, until when some may submit"
            )
        if self.merge_until and self.team_size == 1:
            raise _contradiction("merge_until", "merge_until is set, but team_size = 1 lets nobody merge")
        for name in self.model_fields_set & {"daily", "pending", "selections"}:  # not what is ours by default
            if self.total and (getattr(self, name) or 0) > self.total:
                raise _contradiction(
                    name, f"{name} = {getattr(self, name)} is more than total = {self.total}"
                )
        return self

    def deadline_of(self, members: Iterable[str], granted: datetime | None = None) -> datetime | None:
        """The latest that a team has, by its members' usernames; `granted`: besides the configuration."""
        if self.deadline is None:
            return None
        names = {name.casefold() for name in members}
        own = [until for name, until in self.extensions.items() if name.casefold() in names]
        return max([self.deadline, *own, *([granted] if granted else [])])

    def closes(self, deadline: datetime | None) -> datetime | None:
        """When nothing more is taken of a team that has this deadline."""
        return max(deadline, self.late_until or deadline) if deadline else None


def _needs(key: str, value: object, deadline: datetime | None) -> None:
    if value is not None and deadline is None:
        raise _contradiction(key, f"{key} is set, but no deadline is")


def _in_order(
    first: str, earlier: datetime | None, second: str, later: datetime | None, *, wrong: str = ""
) -> None:
    if earlier and later and earlier > later:
        raise _contradiction(wrong or first, f"{first} = {earlier} is after {second} = {later}")


def _contradiction(key: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("contradiction", "{message}", {"key": key, "message": message})
