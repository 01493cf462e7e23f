"""The static site: an index, and for each assignment its board with pictures and its statement."""

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from grader.errors import HeldoutError
from grader.spec import Assignment, RunKind, Tier
from leaderboard import boards
from leaderboard.boards import folder, heading
from leaderboard.plain import lines, one_line
from leaderboard.reading import board
from leaderboard.records import Row, Showing, TeamKind
from leaderboard.store import Store
from leaderboard.web.chart import Axis, axis
from leaderboard.web.folder import write_files

HERE = Path(__file__).parent
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Board:
    """One assignment's page: its rows and, by the number of a row's entry, what that made."""

    assignment: Assignment
    rows: Sequence[Row]
    run_kind: RunKind = RunKind.EVALUATE
    showings: Mapping[int, Showing] = field(default_factory=dict)
    judged_at: datetime | None = None  # the last judging: a page's date moves only when the board may

    @property
    def folder(self) -> str:
        return folder(self.assignment.slug, self.run_kind)

    @property
    def home(self) -> str:
        """The way back from its folder."""
        return "../" * (1 + self.folder.count("/"))

    @property
    def trained(self) -> bool:
        return self.run_kind is RunKind.TRAIN

    @property
    def title(self) -> str:
        return heading(self.assignment, self.run_kind)

    @property
    def tiers(self) -> Sequence[Tier]:
        return self.assignment.tiers_of(self.run_kind)

    @property
    def name(self) -> str:
        """What it is called beside the assignment's other board."""
        return "train runs" if self.trained else "practice"

    @property
    def axis(self) -> Axis:
        return axis(self.rows, self.tiers, self.assignment.metric)

    @property
    def students(self) -> Sequence[Row]:
        return [row for row in self.rows if row.kind is TeamKind.STUDENT]

    @property
    def gallery(self) -> Sequence["Figure"]:
        return [
            Figure(row, name, f"pictures/{row.ref}-{_file_name(name)}.png", png)
            for row in self.rows
            for name, png in self.showing(row).pictures.items()
            if png.startswith(PNG)
        ]

    @property
    def readings(self) -> Sequence["Reading"]:
        return [
            Reading(row, name, text) for row in self.rows for name, text in self.showing(row).texts.items()
        ]

    def showing(self, row: Row) -> Showing:
        return self.showings.get(row.ref, Showing())

    @property
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

    @property
    def statement(self) -> str:
        """The assignment's README as HTML; empty where there is none."""
        path = self.assignment.folder / "README.md"
        if self.assignment.folder == Path() or not path.is_file():  # Path(): made without a folder
            return ""
        markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
        return Markup(markdown.render(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Figure:
    """A picture of a row's entry, and the file beside the page that holds it."""

    row: Row
    name: str
    file: str
    png: bytes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, from the PNG's header."""
        width, height = struct.unpack(">II", self.png[16:24])
        return width, height


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


def write_site(store: Store, title: str, assignments: Sequence[Assignment], out: Path) -> Path:
    """Write the public boards of `assignments` into `out`; return the index.

    A second time, with nothing judged in between, not a byte changes. Raises HeldoutError when the folder
    can't be written.
    """
    shown = [_collect(store, assignment, kind) for assignment in assignments for kind in RunKind]
    return export_site(title, shown, out)


def _collect(store: Store, assignment: Assignment, run_kind: RunKind) -> Board:
    rows = board(store, assignment, run_kind=run_kind)
    showings = store.showings([row.ref for row in rows])
    return Board(assignment, rows, run_kind, showings, store.changed_at(boards.Board(assignment, run_kind)))


def export_site(title: str, shown: Sequence[Board], out: Path) -> Path:
    """Write the site from records alone; see `write_site`."""
    pages = _environment()
    files = {"style.css": (HERE / "style.css").read_bytes()}
    for one in shown:  # pictures first, so that no page ever names one that isn't there
        files |= {f"{one.folder}/{figure.file}": figure.png for figure in one.gallery}
    cards = _by_assignment(shown)
    for one in shown:
        both = cards[one.assignment.slug]
        values = {"course": title, "board": one, "both": both, "home": one.home}
        files[f"{one.folder}/index.html"] = _html(pages, "board.html", values)
        if one.statement:
            files[f"{one.folder}/statement.html"] = _html(pages, "statement.html", values)
    files["index.html"] = _html(pages, "index.html", {"course": title, "cards": cards, "home": ""})
    _check_own(out)
    write_files(out, files, own=[f"{one.folder}/pictures/[0-9]*-*.png" for one in shown])
    return out / "index.html"


def _by_assignment(shown: Sequence[Board]) -> Mapping[str, Sequence[Board]]:
    """Each assignment's boards, by its slug."""
    found: dict[str, list[Board]] = {}
    for one in shown:
        found.setdefault(one.assignment.slug, []).append(one)
    return found


def _check_own(out: Path) -> None:
    """Raise HeldoutError when the folder holds something else: nobody's files are overwritten."""
    if not out.is_dir() or not any(out.iterdir()):
        return
    style, mark = out / "style.css", (HERE / "style.css").read_bytes().split(b"\n")[0]
    if not style.is_file() or style.read_bytes().split(b"\n")[0] != mark:
        raise HeldoutError(
            f"{out} holds files that are not of such a site",
            expected="a new or an empty folder, or one that was exported to before",
            next_step="name another folder",
        )


def _html(pages: Environment, template: str, shown: Mapping[str, object]) -> bytes:
    return pages.get_template(template).render(shown).encode("utf-8")


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("leaderboard.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(one_line=one_line, lines=lines, fixed=_fixed, day=_day, minute=_minute, iso=_iso)
    return made


def _file_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "picture"


def _fixed(value: float, digits: int) -> str:
    """What is rounded to zero has no sign."""
    return f"{value:z.{digits}f}"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%a %d %b}"


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%d %b %Y, %H:%M} UTC"


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
