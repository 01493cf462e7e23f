"""A board as its page tells it: its groups of equals, charts, pictures, and where all that is kept."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import groupby

from markupsafe import Markup

from grader.outline import Outline, RunKind, Tier
from leaderboard.boards import heading
from leaderboard.records import Row, Showing, Step, TeamKind
from leaderboard.web.chart import Axis, axis
from leaderboard.web.distribution import distribution
from leaderboard.web.drawing import described
from leaderboard.web.frame import Place
from leaderboard.web.history import history
from leaderboard.web.pictures import is_picture, picture_path, picture_size


@dataclass(frozen=True)
class Board:
    """One page: rows, the steps that led to them and, by the number of a row's entry, what that made."""

    assignment: Outline
    rows: Sequence[Row]
    run_kind: RunKind = RunKind.EVALUATE
    showings: Mapping[int, Showing] = field(default_factory=dict)
    judged_at: datetime | None = None  # the last judging: a page's date moves only when the board may
    private: bool = False  # then each row's change is that from the public board
    steps: Sequence[Step] = ()
    shown_at: datetime | None = None  # the moment that is shown, while the board is frozen

    @cached_property
    def place(self) -> Place:
        return Place(self.assignment.slug, self.run_kind, self.private)

    @property
    def folder(self) -> str:
        return self.place.folder

    @property
    def home(self) -> str:
        """The way back from its folder."""
        return "../" * self.folder.count("/")

    @property
    def trained(self) -> bool:
        return self.place.trained

    @property
    def title(self) -> str:
        return heading(self.assignment, self.run_kind)

    @property
    def tiers(self) -> Sequence[Tier]:
        return self.assignment.tiers_of(self.run_kind)

    @property
    def axis(self) -> Axis:
        return axis(self.rows, self.tiers, self.assignment.metric)

    @property
    def students(self) -> Sequence[Row]:
        return [row for row in self.rows if row.kind is TeamKind.STUDENT]

    @property
    def entries(self) -> int:
        return sum(row.entries for row in self.students)

    @property
    def leaders(self) -> Sequence[Row]:
        return [row for row in self.students if row.rank == self.students[0].rank]

    @property
    def groups(self) -> Sequence[Sequence[Row]]:
        """Teams that share a rank, and each shipped solution by itself, in the board's order."""
        return [list(group) for _, group in groupby(self.rows, key=lambda row: row.rank or -row.team_id)]

    @property
    def tied(self) -> bool:
        return any(len(group) > 1 for group in self.groups)

    @cached_property
    def history(self) -> "Chart":
        drawn = history(self.steps, self.assignment.metric, self.tiers, until=self.shown_at)
        return Chart("history.svg", "How the scores moved", drawn)

    @cached_property
    def distribution(self) -> "Chart":
        drawn = distribution(self.rows, self.assignment.metric, self.tiers)
        return Chart("distribution.svg", "Where the class stands", drawn)

    @property
    def charts(self) -> Sequence["Chart"]:
        """Those that have something to show."""
        return [*([self.history] if self.steps else []), *([self.distribution] if self.students else [])]

    @cached_property
    def gallery(self) -> Sequence["Figure"]:
        return [
            Figure(row, name, picture_path(row.ref, name), png)
            for row in self.rows
            for name, png in self.showing(row).pictures.items()
            if is_picture(png)
        ]

    @property
    def readings(self) -> Sequence["Reading"]:
        return [
            Reading(row, name, text) for row in self.rows for name, text in self.showing(row).texts.items()
        ]

    def laid_out(self, most: int) -> frozenset[int]:
        """Entries whose pictures and texts a page has room for: the shipped and the first of the teams."""
        shown = [row for row in self.rows if self.showings.get(row.ref)]
        ranked = [row.ref for row in shown if row.kind is TeamKind.STUDENT]
        return frozenset([*ranked[:most], *(row.ref for row in shown if row.kind is not TeamKind.STUDENT)])

    def showing(self, row: Row) -> Showing:
        return self.showings.get(row.ref, Showing())

    @cached_property
    def exhibits(self) -> Sequence["Exhibit"]:
        """Pictures and texts, all of one name together: so they can be compared, and one caption will do."""
        pieces: list[Figure | Reading] = [*self.gallery, *self.readings]
        captions = self.assignment.captions
        return [
            Exhibit(name, captions.get(name, ""), [piece for piece in pieces if piece.name == name])
            for name in dict.fromkeys(piece.name for piece in pieces)
        ]

    @property
    def shades(self) -> Mapping[str, str]:
        """A colour for each tier: the easiest and the hardest have theirs, however many are between."""
        names = [tier.name for tier in self.tiers]
        ends = {names[0]: "easiest", names[-1]: "hardest"} if names else {}
        return dict.fromkeys(names, "between") | ends


@dataclass(frozen=True)
class Chart:
    """An SVG in a file beside the page."""

    file: str
    title: str
    svg: Markup

    @property
    def says(self) -> str:
        return described(self.svg)

    @property
    def version(self) -> str:
        """Another one when it has changed: a page that is open asks for it anew."""
        return hashlib.sha256(self.svg.encode("utf-8")).hexdigest()[:12]


@dataclass(frozen=True)
class Figure:
    """A picture of a row's entry, and the file of the site that holds it."""

    row: Row
    name: str
    file: str
    png: bytes

    @property
    def size(self) -> tuple[int, int]:
        return picture_size(self.png)


@dataclass(frozen=True)
class Reading:
    """A text that a row's entry wrote."""

    row: Row
    name: str
    text: str


@dataclass(frozen=True)
class Exhibit:
    """What the entries show under one name, in the order of the board."""

    name: str
    caption: str
    pieces: Sequence[Figure | Reading]

    @property
    def upright(self) -> bool:
        """Whether they are pictures no wider than high: then more of them go side by side."""
        return all(isinstance(piece, Figure) and piece.size[0] <= piece.size[1] for piece in self.pieces)
