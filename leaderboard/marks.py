"""What a notebook got, cell by cell: from its tests, and from people. Light: for a student's client, too."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from grader.report import CellResult, CellState
from leaderboard.plain import one_line


@dataclass(frozen=True)
class Item:
    """What an answer is read for, by the rubric that there was then."""

    text: str
    points: float
    met: bool = False

    def __str__(self) -> str:
        """As a form sends it."""
        return f"[{self.points:g}] {one_line(self.text)}"


def worth(items: Iterable[Item]) -> float:
    """Points of those that are met."""
    return math.fsum(item.points for item in items if item.met)


@dataclass(frozen=True)
class Mark:
    """Points that somebody gave for a cell, in place of its tests' or because it has none.

    items: of the rubric, where it was used; points may be other than what they are worth.
    """

    points: float
    comment: str
    actor: str
    given_at: datetime
    items: tuple[Item, ...] = ()

    @property
    def adjusted(self) -> bool:
        """Other points than those of the items that are met."""
        return bool(self.items) and not math.isclose(self.points, worth(self.items), abs_tol=1e-9)


@dataclass(frozen=True)
class Given:
    """A mark as it stands in the history of a notebook. points None: those before were taken back."""

    id: int
    cell: str
    points: float | None
    comment: str
    actor: str
    at: datetime
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Graded:
    """A cell that points are given for: what its tests found, and what somebody gave."""

    result: CellResult
    mark: Mark | None = None

    @property
    def points(self) -> float:
        return self.mark.points if self.mark else self.result.points

    @property
    def waits(self) -> bool:
        """For somebody to read it."""
        return self.mark is None and self.result.state is CellState.MANUAL


@dataclass(frozen=True)
class NotebookPoints:
    """What a team has for its notebook; `pending`: cells that nobody has read yet."""

    ref: int
    team: str
    received_at: datetime
    points: float
    possible: float
    pending: int
    source_sha256: str  # the notebook of the assignment that it was graded by
    cells: tuple[Graded, ...] = ()


def shown_to_author(cells: Sequence[Graded], *, released: bool) -> list[Graded]:
    """Before the release nothing that a hidden test or a reader has found."""
    return list(cells) if released else [Graded(_visible(each.result)) for each in cells]


def _visible(found: CellResult) -> CellResult:
    if found.state is CellState.FAILED_HIDDEN:
        found = replace(found, state=CellState.PASSED, message="")
    return replace(found, points=found.visible)
