"""The integrity report as a page: what there is to look at, side by side. For instructors only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import HeldoutError
from grader.outline import Outline, RunKind
from leaderboard.boards import heading
from leaderboard.integrity.contents import Contents
from leaderboard.integrity.evidence import Evidence
from leaderboard.integrity.findings import Findings, Pair, SharedFile, Sign
from leaderboard.web.difference import Line, unified
from leaderboard.web.environment import render
from leaderboard.web.files import shared_files, style
from leaderboard.web.folder import write_files
from leaderboard.web.frame import Frame, Menu
from leaderboard.web.pictures import is_picture, picture_path, picture_size
from leaderboard.web.strip import strip

STYLE = "static/style.css"
MARK = b"/* Heldout's integrity report: this line tells the next one that the folder is its own. */\n"
SHOWN, LISTED = 40, 500  # pairs that are laid out, and those in the list above them
FILES = 3  # sources of a pair that are shown
MAIN = "model.py"


@dataclass(frozen=True)
class Picture:
    """One PNG of an entry, and the file beside the page that holds it."""

    name: str
    file: str
    png: bytes

    @property
    def size(self) -> tuple[int, int]:
        return picture_size(self.png)


@dataclass(frozen=True, eq=False)
class Source:
    """A file of each, in one view."""

    title: str
    lines: Sequence[Line]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A pair as it is laid out."""

    number: int
    pair: Pair
    sources: Sequence[Source]

    @property
    def same_pictures(self) -> bool:
        return Sign.SHOWN in self.pair.signs

    @property
    def others(self) -> Sequence[str]:
        """The files that both have, but for those whose source is shown."""
        shown = {source.title for source in self.sources}
        return [title for file in self.pair.files if (title := told(file)) not in shown]

    @property
    def sides(self) -> Sequence[Evidence]:
        return (self.pair.first, self.pair.second)

    @property
    def exhibits(self) -> Sequence["Exhibit"]:
        """Pictures and texts by name, each of both entries."""
        drawn = [{picture.name: picture for picture in pictures(side)} for side in self.sides]
        written = [side.showing.texts for side in self.sides]
        names = dict.fromkeys(name for each in (*drawn, *written) for name in each)
        return [
            Exhibit(
                name,
                [
                    (side, shown.get(name), texts.get(name))
                    for side, shown, texts in zip(self.sides, drawn, written, strict=True)
                ],
            )
            for name in names
        ]


@dataclass(frozen=True, eq=False)
class Exhibit:
    """What two entries made under one name; None where one of them has nothing of that name."""

    name: str
    sides: Sequence[tuple[Evidence, Picture | None, str | None]]


def write_report(
    findings: Findings,
    assignment: Outline,
    target: Path,
    *,
    course: str,
    run_kind: RunKind = RunKind.EVALUATE,
    handed_out: Contents | None = None,
) -> Path:
    """Write the page with its pictures and its style into the folder `target`; return the page.

    handed_out: lines of its sources are told from a pair's own. Raises HeldoutError when the folder holds
    something else, or can't be written.
    """
    menu, frame = Menu(assignment, []), Frame(course)
    page = integrity_page(frame, menu, findings, run_kind=run_kind, handed_out=handed_out, alone=True)
    files = {
        picture.file: picture.png
        for pair in findings.pairs[:SHOWN]
        for side in (pair.first, pair.second)
        for picture in pictures(side)
    }
    _make_own(target)
    shared = {**shared_files(), STYLE: MARK + style()}
    write_files(
        target, {**shared, **files, "index.html": page.encode("utf-8")}, own=["pictures/[0-9]*-*.png"]
    )
    return target / "index.html"


def integrity_page(
    frame: Frame,
    menu: Menu,
    findings: Findings,
    *,
    run_kind: RunKind = RunKind.EVALUATE,
    handed_out: Contents | None = None,
    alone: bool = False,
) -> str:
    """The report for staff. alone: it is no part of a site, and leads nowhere."""
    return render(
        "staff/integrity.html",
        frame=frame,
        menu=menu,
        alone=alone,
        run_kind=run_kind,
        title=heading(menu.assignment, run_kind),
        metric=menu.assignment.metric,
        findings=findings,
        listed=findings.pairs[:LISTED],
        sheets=_sheets(findings.pairs[:SHOWN], handed_out or Contents()),
        strips={measure.sign: strip(measure) for measure in findings.measures},
        evidence_score=_score,
    )


def pictures(one: Evidence) -> Iterator[Picture]:
    for name, png in one.showing.pictures.items():
        if is_picture(png):
            yield Picture(name, picture_path(one.ref, name), png)


def _sheets(pairs: Sequence[Pair], handed_out: Contents) -> list[Sheet]:
    known = frozenset(line.strip() for text in handed_out.sources.values() for line in text.splitlines())
    return [Sheet(number, pair, list(_sources(pair, known))) for number, pair in enumerate(pairs, 1)]


def _sources(pair: Pair, known: frozenset[str]) -> Iterator[Source]:
    """Of the files that they share, else of what both call their model, where they differ."""
    if pair.first.contents is None or pair.second.contents is None:
        return
    ours, theirs = pair.first.contents.sources, pair.second.contents.sources
    shared = [file for file in pair.files if file.first in ours and file.second in theirs]
    if not shared and MAIN in ours and MAIN in theirs and ours[MAIN] != theirs[MAIN]:
        yield Source(f"{MAIN} of both, which differ", unified(ours[MAIN], theirs[MAIN], known))
    for file in shared[:FILES]:
        yield Source(told(file), unified(ours[file.first], theirs[file.second], known))


def told(file: SharedFile) -> str:
    """One line about a shared file.

    >>> told(SharedFile("model.py", "net.py", exact=False, own_lines=12))
    'model.py / net.py: equal but for names, comments and layout; 12 lines were not handed out'
    """
    names = file.first if file.first == file.second else f"{file.first} / {file.second}"
    how = "the same, byte for byte" if file.exact else "equal but for names, comments and layout"
    own = "" if file.own_lines is None else f"; {_lines(file.own_lines)} not handed out"
    return f"{names}: {how}{own}"


def _lines(count: int) -> str:
    return "1 line was" if count == 1 else f"{count} lines were"


def _make_own(target: Path) -> None:
    """A new folder is for its owner alone. Raise HeldoutError when it holds something else."""
    if target.is_dir() and any(target.iterdir()):
        style = target / STYLE
        if style.is_file() and style.read_bytes().startswith(MARK):
            return
        raise HeldoutError(
            f"{target} holds files that are not of such a report",
            expected="a new or an empty folder, or one with an earlier report",
            next_step="name another folder",
        )
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise HeldoutError(
            f"the report can't be written: {error.strerror}",
            where=str(target),
            expected="a folder that you may write to",
            next_step="name another folder",
        ) from error


def _score(one: Evidence, metric: str, digits: int) -> str:
    return f"{one.public[metric].value:z.{digits}f}" if metric in one.public else "none"
