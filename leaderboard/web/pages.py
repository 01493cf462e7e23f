"""The static site: an index, and for each assignment its boards with pictures and its statement."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from grader.errors import HeldoutError
from grader.spec import Assignment, RunKind
from leaderboard import boards
from leaderboard.boards import folder
from leaderboard.plain import lines, one_line
from leaderboard.reading import board, private_board
from leaderboard.store import Store
from leaderboard.web.board import Board
from leaderboard.web.folder import write_files

HERE = Path(__file__).parent
OWN = ("index.html", "history.svg", "distribution.svg", "pictures/[0-9]*-*.png")  # in a board's folder


def write_site(store: Store, title: str, assignments: Sequence[Assignment], out: Path) -> Path:
    """Write the boards of `assignments` into `out`, private ones when they are revealed; return the index.

    A second time, with nothing judged in between, not a byte changes. Raises HeldoutError when the folder
    can't be written.
    """
    shown = [
        one for assignment in assignments for kind in RunKind for one in _collect(store, assignment, kind)
    ]
    return export_site(title, shown, out)


def _collect(store: Store, assignment: Assignment, run_kind: RunKind) -> list[Board]:
    """What everybody may see: the public board, and the private one beside it once it is revealed."""
    which = boards.Board(assignment, run_kind)
    rows = board(store, assignment, run_kind=run_kind, members=True)
    public = Board(
        assignment,
        rows,
        run_kind,
        store.showings([row.ref for row in rows]),
        store.changed_at(which),
        steps=store.history(which),
        shown_at=store.frozen_at(which),
    )
    if not rows or not store.is_revealed(which):
        return [public]
    rows = private_board(store, assignment, run_kind=run_kind, members=True)
    private = Board(
        assignment,
        rows,
        run_kind,
        store.showings([row.ref for row in rows]),
        store.changed_at(which),
        private=True,
        steps=store.history(which, private=True),
    )
    return [public, private]


def export_site(title: str, shown: Sequence[Board], out: Path) -> Path:
    """Write the site from records alone; see `write_site`."""
    pages = _environment()
    files = {"style.css": (HERE / "style.css").read_bytes()}
    for one in shown:  # pictures first, so that no page ever names one that isn't there
        files |= {f"{one.folder}/{figure.file}": figure.png for figure in one.gallery}
        files |= {f"{one.folder}/{chart.file}": chart.svg.encode("utf-8") for chart in one.charts}
    cards = _by_assignment(shown)
    for one in shown:
        every = cards[one.assignment.slug]
        values = {"course": title, "board": one, "every": every, "home": one.home}
        files[f"{one.folder}/index.html"] = _html(pages, "board.html", values)
        if one.statement and not one.private:
            files[f"{one.folder}/statement.html"] = _html(pages, "statement.html", values)
    files["index.html"] = _html(pages, "index.html", {"course": title, "cards": cards, "home": ""})
    _check_own(out)
    write_files(out, files, own=[f"{each}/{name}" for each in _folders(shown) for name in OWN])
    return out / "index.html"


def write_charts(one: Board, out: Path) -> list[Path]:
    """Write a board's two charts alone into `out`; return their paths. Raises HeldoutError when it can't."""
    charts = (one.history, one.distribution)
    write_files(out, {chart.file: chart.svg.encode("utf-8") for chart in charts}, own=[])
    return [out / chart.file for chart in charts]


def _folders(shown: Sequence[Board]) -> list[str]:
    """Also those of private boards: one that is hidden again must go."""
    return [
        folder(one.assignment.slug, one.run_kind, private=private)
        for one in shown
        if not one.private
        for private in (False, True)
    ]


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


def _fixed(value: float, digits: int) -> str:
    """What is rounded to zero has no sign."""
    return f"{value:z.{digits}f}"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%a %d %b}"


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%d %b %Y, %H:%M} UTC"


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
