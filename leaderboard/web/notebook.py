"""A notebook as it ran, for a page: prose is drawn, code and outputs are made harmless, and capped.

It ran with the tests that its author can see; hidden ones run elsewhere, and nothing of that is kept.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from markupsafe import Markup

from grader.errors import NotFound
from grader.notebook.executed import Shown, unpack
from grader.report import CellState
from leaderboard.marks import Graded
from leaderboard.plain import lines
from leaderboard.web import prose
from leaderboard.web.pictures import is_picture, picture_size

PNG = "image/png"
MOST_PROSE = 100_000  # characters of a notebook that are drawn; what comes later stands as it was typed
MOST_SOURCE = 50_000  # characters of a cell
MOST_SOURCES = 500_000  # characters of all cells
MOST_OUTPUTS = 100  # of a cell
MOST_TEXT = 20_000  # characters of an output
MOST_PRINTED = 400_000  # characters of all outputs of a notebook
MOST_PIXELS = 30_000_000  # of a picture: a small file may claim to be one that no browser can hold
PLACE = re.compile(r"([0-9]{1,4})-([0-9]{1,6})\.png")


STATES = {
    CellState.PASSED: ("good", "passed"),
    CellState.FAILED: ("bad", "failed"),
    CellState.FAILED_HIDDEN: ("bad", "fails a hidden test"),
    CellState.STOPPED: ("bad", "stopped"),
    CellState.TAMPERED: ("odd", "tampered with"),
    CellState.NOT_RUN: ("quiet", "not run"),
    CellState.MANUAL: ("waiting", "to be read"),
}


@dataclass(frozen=True)
class Printed:
    """Text that a cell printed, returned or raised. cut: there was more."""

    text: str
    is_error: bool = False
    cut: bool = False


@dataclass(frozen=True)
class Drawn:
    """A picture that a cell showed, by its place within the site."""

    file: str
    size: tuple[int, int]


@dataclass(frozen=True)
class Part:
    """A cell. html: of prose that was drawn. cut: its source goes on."""

    number: int  # from 1 on
    id: str  # empty where its author added it
    is_code: bool
    source: str
    html: Markup | None = None
    outputs: Sequence[Printed | Drawn] = ()
    cut: bool = False


def state_words(one: Graded) -> tuple[str, str]:
    """The colour of a graded cell's state, and words that say the same."""
    if one.mark is not None and one.result.state is CellState.MANUAL:
        return "good" if one.points else "bad", "read"
    return STATES[one.result.state]


def parts(ref: int, executed: bytes, *, only: str | None = None) -> list[Part]:
    """Of what `store.notebooks.executed` has of submission `ref`. only: the id of a cell."""
    numbered = [(n, cell) for n, cell in enumerate(unpack(executed), 1) if only in (None, cell.id)]
    drawn = _drawn(numbered)
    left, room = MOST_PRINTED, MOST_SOURCES
    found = []
    for number, cell in numbered:
        outputs = _outputs(ref, number, cell, left)
        left -= sum(len(each.text) for each in outputs if isinstance(each, Printed))
        source = cell.source[: min(room, MOST_SOURCE)]
        room -= len(source)
        html, cut = drawn.get(number), len(cell.source) > len(source)
        found.append(Part(number, cell.id, cell.is_code, lines(source), html, outputs, cut))
    return found


def output(executed: bytes, place: str) -> bytes:
    """The PNG at the place that `Drawn.file` ends in. Raises NotFound."""
    found = PLACE.fullmatch(place)
    cells = unpack(executed) if found else []
    number, index = (int(each) for each in found.groups()) if found else (0, 0)
    cell = cells[number - 1] if 0 < number <= len(cells) else None
    if cell is None or not 0 < index <= len(cell.outputs):
        raise NotFound("there is no such picture", where=place[:100])
    one = cell.outputs[index - 1]
    if one.mime != PNG or not _bearable(one.data):
        raise NotFound("there is no such picture", where=place[:100])
    return one.data


def _drawn(numbered: Sequence[tuple[int, Shown]]) -> dict[int, Markup]:
    """By number, of the cells that are prose and come early enough."""
    texts = {number: cell.source for number, cell in numbered if not cell.is_code}
    so_far = accumulate(len(text) for text in texts.values())
    kept = {number: texts[number] for number, sum_ in zip(texts, so_far, strict=True) if sum_ <= MOST_PROSE}
    return dict(zip(kept, prose.cells(tuple(kept.values())), strict=True))


def _outputs(ref: int, number: int, cell: Shown, left: int) -> list[Printed | Drawn]:
    found: list[Printed | Drawn] = []
    for index, one in enumerate(cell.outputs[:MOST_OUTPUTS], 1):
        if one.mime == PNG:
            found.append(_picture(one.data, f"submissions/{ref}/outputs/{number}-{index}.png"))
        else:
            text, room = one.text, max(0, min(left, MOST_TEXT))
            found.append(Printed(lines(text[:room]), one.kind == "error", len(text) > room))
            left -= min(len(text), room)
    return found


def _picture(png: bytes, file: str) -> Printed | Drawn:
    if not _bearable(png):
        return Printed("A picture that can't be shown: it is damaged, or too large.", is_error=True)
    return Drawn(file, picture_size(png))


def _bearable(png: bytes) -> bool:
    if not is_picture(png):
        return False
    width, height = picture_size(png)
    return 0 < width * height <= MOST_PIXELS
