"""The static site: the pages that everybody may read of a server's, in files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.errors import HeldoutError
from grader.spec import Assignment
from leaderboard.boards import folder
from leaderboard.store import Store
from leaderboard.web import collect, site
from leaderboard.web.board import Board
from leaderboard.web.files import SITE, shared_files
from leaderboard.web.folder import write_files
from leaderboard.web.frame import Frame, Menu
from leaderboard.web.methods import Method, methods_page
from leaderboard.web.site import Card, Solution

STYLE = "static/style.css"
SCRIPT = "static/live.js"  # which only a server has something for
OWN = ("index.html", "history.svg", "distribution.svg")  # in a board's folder
PICTURES = "pictures/[0-9]*-*.png"
OLD_STYLE = "style.css"  # of the sites of version 0.1, which had a board in each of OLD_FOLDERS of a slug's
OLD_FOLDERS = ("", "private/", "train/", "train/private/")


def write_site(store: Store, title: str, assignments: Sequence[Assignment], out: Path) -> Path:
    """Write the boards of `assignments` into `out`, private ones when they are revealed; return the index.

    A second time, with nothing judged in between, not a byte changes. Raises HeldoutError when the folder
    can't be written.
    """
    menus = {assignment.slug: collect.menu(store, assignment) for assignment in assignments}
    shown = [
        collect.board(store, assignment, place)
        for assignment in assignments
        for place in menus[assignment.slug].boards
    ]
    written = {one.slug: collect.solutions(store, one) for one in assignments if menus[one.slug].solutions}
    methods = {one.slug: (collect.methods(store, one), collect.lessons(one)) for one in assignments}
    return export_site(
        title, shown, out, statements=statements(assignments), solutions=written, methods=methods
    )


def statements(assignments: Sequence[Assignment]) -> Mapping[str, str]:
    """By slug, of those that have one."""
    paths = {one.slug: one.folder / "README.md" for one in assignments if one.folder != Path()}
    return {slug: path.read_text(encoding="utf-8") for slug, path in paths.items() if path.is_file()}


def export_site(
    title: str,
    shown: Sequence[Board],
    out: Path,
    *,
    statements: Mapping[str, str] | None = None,
    solutions: Mapping[str, Sequence[Solution]] | None = None,
    methods: Mapping[str, tuple[Sequence[Method], str]] | None = None,
) -> Path:
    """Write the site from records alone; see `write_site`. statements, solutions, methods: by slug."""
    statements, solutions = statements or {}, solutions or {}
    methods = {slug: found for slug, found in (methods or {}).items() if found[0]}
    files = {name: content for name, content in shared_files().items() if name != SCRIPT}
    for one in shown:  # pictures first, so that no page ever names one that isn't there
        files |= {figure.file: figure.png for figure in one.gallery}
        files |= {f"{one.folder}{chart.file}": chart.svg.encode("utf-8") for chart in one.charts}
    cards = _cards(shown, solutions, methods)
    for card in cards:
        files |= _pages(title, card, statements.get(card.assignment.slug, ""), solutions)
        files |= _methods(title, card.menu, methods)
    files["index.html"] = site.home_page(Frame(title), cards).encode("utf-8")
    old = _check_own(out)
    write_files(out, files, own=[*_own(shown), PICTURES, *(_old(shown) if old else ())])
    return out / "index.html"


def _methods(title: str, menu: Menu, methods: Mapping[str, tuple[Sequence[Method], str]]) -> dict[str, bytes]:
    if not menu.methods:
        return {}
    page = methods_page(Frame(title, "../../../"), menu, *methods[menu.assignment.slug])
    return {f"{menu.folder}methods/index.html": page.encode("utf-8")}


def _cards(
    shown: Sequence[Board], solutions: Mapping[str, object], methods: Mapping[str, object]
) -> list[Card]:
    """One for each assignment."""
    found: dict[str, list[Board]] = {}
    for one in shown:
        found.setdefault(one.assignment.slug, []).append(one)
    return [
        Card(
            Menu(
                every[0].assignment,
                [one.place for one in every],
                slug in solutions,
                methods=slug in methods,
            ),
            every,
        )
        for slug, every in found.items()
    ]


def _pages(
    title: str, card: Card, statement: str, solutions: Mapping[str, Sequence[Solution]]
) -> dict[str, bytes]:
    """Of one assignment."""
    menu, deep = card.menu, Frame(title, "../../../")
    public = [one for one in card.boards if not one.private]
    pages = {
        menu.folder: site.assignment_page(Frame(title, "../../"), card, statement),
        f"{menu.folder}gallery/": site.gallery_page(deep, menu, public),
    }
    for one in card.boards:
        pages[one.folder] = site.board_page(Frame(title, one.home), menu, one)
    if menu.solutions:
        pages[f"{menu.folder}solutions/"] = site.solutions_page(deep, menu, solutions[card.assignment.slug])
    return {f"{path}index.html": html.encode("utf-8") for path, html in pages.items()}


def _own(shown: Sequence[Board]) -> list[str]:
    """Also of private boards and write-ups: what is hidden again must go."""
    folders = [
        folder(one.assignment.slug, one.run_kind, private=private)
        for one in shown
        if not one.private
        for private in (False, True)
    ]
    slugs = {one.assignment.slug for one in shown}
    pages = [f"assignments/{slug}/{page}/index.html" for slug in slugs for page in ("solutions", "methods")]
    return [*(f"{each}{name}" for each in folders for name in OWN), *pages]


def _old(shown: Sequence[Board]) -> list[str]:
    """What an earlier version left: nobody is to read boards that nobody writes any more."""
    names = (*OWN, "statement.html", PICTURES)
    slugs = {one.assignment.slug for one in shown}
    pages = [f"{slug}/{sub}{name}" for slug in slugs for sub in OLD_FOLDERS for name in names]
    return [*pages, OLD_STYLE]


def _check_own(out: Path) -> bool:
    """Whether the folder holds a site of an earlier version.

    Raises HeldoutError when it holds something else: nobody's files are overwritten.
    """
    if not out.is_dir() or not any(out.iterdir()):
        return False
    for style in (STYLE, OLD_STYLE):
        if (out / style).is_file() and (out / style).read_bytes().startswith(SITE):
            return style == OLD_STYLE
    raise HeldoutError(
        f"{out} holds files that are not of such a site",
        expected="a new or an empty folder, or one that was exported to before",
        next_step="name another folder",
    )
