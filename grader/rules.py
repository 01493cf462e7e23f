"""What a course demands of submissions to one assignment, and which of them count: data, checked."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Count = Annotated[int, Field(gt=0)]


class Counts(StrEnum):
    """Which of a team's submissions its final, private score is from."""

    BEST = "best"  # the best on the public board
    LAST = "last"  # the one received last
    SELECTED = "selected"  # the better of those it selected; the best on the public board if it selected none


class Rules(BaseModel):
    """Times are instants with a zone; what is left out sets no limit.

    Contradictions are refused with the key that has to change, in the error's context.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    opens: AwareDatetime | None = None
    deadline: AwareDatetime | None = None  # received by then counts, whenever it runs
    late_until: AwareDatetime | None = None  # received by then is scored, but not ranked
    daily: Count | None = 5  # submissions of a team to one board in a day of UTC
    total: Count | None = None
    pending: Count | None = 2  # of a team, queued or running
    cooldown_seconds: Annotated[float, Field(ge=0)] = 0.0  # after a submission that was scored
    team_size: Count | None = None
    merge_until: AwareDatetime | None = None
    counts: Counts = Counts.BEST
    selections: Count = 2
    public_share: Annotated[float, Field(gt=0, lt=1)] | None = None  # None: the assignment's own
    freeze: AwareDatetime | None = None  # from then until it is revealed the public board stands still
    reveal: AwareDatetime | None = None  # from then on everybody sees the private board
    extensions: Mapping[str, AwareDatetime] = Field(default_factory=dict)  # by username

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        last = max(filter(None, (self.deadline, self.late_until, *self.extensions.values())), default=None)
        _in_order("opens", self.opens, "deadline", self.deadline)
        _needs("late_until", self.late_until, self.deadline)
        _in_order("deadline", self.deadline, "late_until", self.late_until)
        _in_order("merge_until", self.merge_until, "deadline", self.deadline)
        _in_order("freeze", self.freeze, "reveal", self.reveal)
        for name, until in self.extensions.items():
            _needs(f"extensions.{name}", until, self.deadline)
            _in_order("deadline", self.deadline, f"extensions.{name}", until)
        if last and self.reveal and self.reveal < last:
            raise _contradiction(
                "reveal", f"reveal = {self.reveal} is before {last}, until when some may submit"
            )
        if self.daily and self.total and self.daily > self.total:
            raise _contradiction("daily", f"daily = {self.daily} is more than total = {self.total}")
        return self

    def deadline_of(self, members: Iterable[str], granted: datetime | None = None) -> datetime | None:
        """The latest that a team has, by its members' usernames; `granted`: besides the configuration."""
        if self.deadline is None:
            return None
        own = [self.extensions[name] for name in members if name in self.extensions]
        return max([self.deadline, *own, *([granted] if granted else [])])

    def closes(self, deadline: datetime | None) -> datetime | None:
        """When nothing more is taken of a team that has this deadline."""
        return max(deadline, self.late_until or deadline) if deadline else None


def _needs(key: str, value: object, deadline: datetime | None) -> None:
    if value is not None and deadline is None:
        raise _contradiction(key, f"{key} is set, but no deadline is")


def _in_order(first: str, earlier: datetime | None, second: str, later: datetime | None) -> None:
    if earlier and later and earlier > later:
        raise _contradiction(first, f"{first} = {earlier} is after {second} = {later}")


def _contradiction(key: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("contradiction", "{message}", {"key": key, "message": message})
