"""A course's grading policy as data: `grades.toml` in the course folder, checked at the door.

What the keys mean is told in docs/grades.md; which tiers an assignment has is checked in `terms`.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from grader.outline import RunKind
from grader.rules import Instant
from leaderboard.names import BIDI, name_key

TOTAL = "total"  # what the whole course is called where items are
TAKEN = {  # heads of other columns, beside which items have theirs
    TOTAL, "username", "name", "email", "team", "possible", "percent", "letter", "applied", "changed",
}  # fmt: skip
LONGEST = 100  # characters of an item's name

Number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e9, le=1e9)]
Points = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1e6)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=1e6)]
Percent = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=100)]
Count = Annotated[int, Field(strict=True, gt=0)]


def wrong(message: str) -> PydanticCustomError:
    """A contradiction, for pydantic to collect."""
    return PydanticCustomError("contradiction", "{message}", {"message": message})


def _plain(name: str) -> str:
    """Names head columns of many programs' files: nothing in them may be taken for anything else."""
    fits = 0 < len(name) <= LONGEST and name.strip() == name and name[0].isalnum()
    if not fits or not name.isprintable() or any(char in BIDI or char in ",;\"'()" for char in name):
        raise wrong(
            f"{name!r} is no name for an item: expected 1 to {LONGEST} characters, the first a letter or a "
            "digit, none of them a comma, semicolon, quote or bracket"
        )
    if name_key(name) in TAKEN:
        raise wrong(f"{name!r} heads a column of its own wherever items are listed: choose another name")
    return name


Name = Annotated[str, AfterValidator(_plain)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Penalty(Strict):
    """Taken off: percent of the points earned, or points."""

    percent: Percent | None = None
    points: Points | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.percent is None) == (self.points is None):
            raise wrong("expected either percent or points")
        return self


class Late(Penalty):
    """What is received after the deadline: up to `days` after it or until a moment, at this price."""

    per: Literal["once", "day"] = "once"  # each day that has begun
    most: Points | None = None  # however many days, in the penalty's own unit
    days: Positive | None = None
    until: Instant | None = None
    slack: bool = True  # slack days may cover it
    most_slack: Points | None = None  # days, of this item


class Early(Penalty):
    """Who has no submission by then, or none that is good enough, pays."""

    by: Instant
    score: Number | str | None = None  # at least; a tier's name, too


class Bonus(Strict):
    """For who is on time. `best`: the points of the class's best score, which the curve then goes on to."""

    best: Points | None = None
    ranks: tuple[tuple[Count, Points], ...] = ()  # up to this rank: so many points more
    slack: bool = False  # who needed slack days counts as on time
    late_most: Points | None = None  # points that a late one has at most; by default the curve's highest

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        ranks, points = [rank for rank, _ in self.ranks], [given for _, given in self.ranks]
        if ranks != sorted(set(ranks)) or points != sorted(points, reverse=True):
            raise wrong(
                "ranks: expected ranks in ascending order, each with no more points than the one before"
            )
        return self


class _Item(Strict):
    name: Name
    points: Positive = 100.0  # that are possible; a bonus may exceed them
    group: str | None = None
    weight: Positive = 1.0


class _Due(_Item):
    assignment: str
    deadline: Instant | None = None  # None: the assignment's own; extensions count in either case
    late: Late | None = None  # None: what is late counts for nothing
    early: Early | None = None


class ScoreItem(_Due):
    """An assignment's score on one of its boards."""

    kind: Literal["score"]
    run_kind: RunKind = RunKind.EVALUATE
    split: Literal["public", "private"] = "private"
    curve: Annotated[tuple[tuple[Number | str, Points], ...], Field(min_length=1)]
    bonus: Bonus | None = None


class NotebookItem(_Due):
    """An assignment's notebook: its points, automatic and by hand, of the possible ones."""

    kind: Literal["notebook"]


class GivenItem(_Item):
    """Points that an instructor enters."""

    kind: Literal["given"]


Item = ScoreItem | NotebookItem | GivenItem


class Group(Strict):
    weight: Positive | None = None
    drop: Annotated[int, Field(strict=True, ge=0)] = 0  # the lowest ones


class Slack(Strict):
    """Days that a student may be late with at no cost, all items together."""

    days: Positive
    unit: Literal["day", "hour"] = "day"  # charged in whole ones
    order: Literal["deadline", "gain"] = (
        "deadline"  # who comes first: the earlier deadline, or where it saves most
    )
    partial: bool = False  # too few are used all the same: the rest is late


class Policy(Strict):
    format: Literal[1] = 1
    title: str = ""
    total: Literal["points", "percent"] = "points"
    digits: Annotated[int, Field(strict=True, ge=0, le=6)] = 2
    missing: Literal["zero", "leave out"] = "zero"
    penalties: Literal["multiply", "add"] = "multiply"  # two percentages on one item
    slack: Slack | None = None
    groups: Mapping[Name, Group] = Field(default_factory=dict)
    items: Annotated[tuple[Annotated[Item, Field(discriminator="kind")], ...], Field(min_length=1)]
    letters: Mapping[str, Number] = Field(default_factory=dict)  # from so many percent on

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        twice = [
            name for name, count in Counter(name_key(one.name) for one in self.items).items() if count > 1
        ]
        if twice:
            raise wrong(f"two items are called {twice[0]!r}: each needs a name of its own")
        for item in self.items:
            if item.group is not None and item.group not in self.groups:
                raise wrong(
                    f"item {item.name!r} is of the group {item.group!r}, and there is none of that name"
                )
        for name, group in self.groups.items():
            self._check_group(name, group)
        if len(set(self.letters.values())) < len(self.letters):
            raise wrong("letters: two begin at the same percentage")
        return self

    def _check_group(self, name: str, group: Group) -> None:
        count = sum(item.group == name for item in self.items)
        if group.drop >= count:
            raise wrong(f"groups.{name}: drop = {group.drop}, and the group has {count} items")
        if (group.weight is None) == (self.total == "percent"):
            said = "needs a weight" if group.weight is None else "has a weight"
            raise wrong(
                f"groups.{name} {said}, and total = {self.total!r}: only percentages are weighed by group"
            )

    def letter(self, percent: float) -> str:
        """The best that `percent` reaches; empty where there is none."""
        reached = [(least, name) for name, least in self.letters.items() if percent >= least]
        return max(reached)[1] if reached else ""

    def item(self, name: str) -> Item | None:
        """The item of that name, as a reader would take names for the same."""
        return next((one for one in self.items if name_key(one.name) == name_key(name)), None)
