"""An assignment's notebook as its teacher wrote it: cells with ids, points, solutions and tests."""

import ast
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.errors import HeldoutError
from grader.notebook.guarded import Writer
from grader.notebook.rubric import RubricItem, check_sum, read_rubric

NAME = "notebook.ipynb"
FORMAT = 4  # nbformat's; older ones keep their cells elsewhere
BEGIN_HIDDEN, END_HIDDEN = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"
BEGIN_SOLUTION, END_SOLUTION = "BEGIN SOLUTION", "END SOLUTION"
AUTOTEST = re.compile(r"^\s*###\s*(HASHED\s+)?AUTOTEST", re.MULTILINE)  # says nothing until it is expanded
ID = re.compile(r"[A-Za-z0-9._-]{1,100}")


class Kind(StrEnum):
    TEST = "test"  # graded by running it
    SOLUTION = "solution"  # the student's code
    ANSWER = "answer"  # the student's text or code, read by somebody who gives points
    LOCKED = "locked"  # must stay as it was handed out
    PLAIN = "plain"


@dataclass(frozen=True)
class Cell:
    """`id`: nbgrader's grade_id; empty for cells that grading has no name for."""

    id: str
    kind: Kind
    is_code: bool
    source: str
    points: float = 0.0

    @cached_property
    def released(self) -> str:
        """Without its hidden tests. Of solutions nbgrader makes the student's version."""
        return _without(self.source, BEGIN_HIDDEN, END_HIDDEN)

    @property
    def hides(self) -> bool:
        return self.kind is Kind.TEST and self.released != self.source

    @cached_property
    def rubric(self) -> tuple[RubricItem, ...]:
        """What an answer is read for; empty where nothing is said of that. Raises HeldoutError."""
        return read_rubric(self.source) if self.kind is Kind.ANSWER else ()


@dataclass(frozen=True)
class Notebook:
    cells: tuple[Cell, ...]
    sha256: str = ""

    @property
    def named(self) -> Mapping[str, Cell]:
        return {cell.id: cell for cell in self.cells if cell.id}

    @property
    def graded(self) -> Sequence[Cell]:
        """Those that points are given for, in their order."""
        return [cell for cell in self.cells if cell.kind in (Kind.TEST, Kind.ANSWER)]

    @cached_property
    def tests(self) -> Writer:
        """Makes its tests ready to run."""
        code = [cell for cell in self.cells if cell.is_code]
        return Writer(
            [cell.source for cell in code], [cell.source for cell in code if cell.kind is Kind.LOCKED]
        )

    @property
    def automatic(self) -> float:
        """Points that tests give at most."""
        return sum(cell.points for cell in self.cells if cell.kind is Kind.TEST)

    @property
    def manual(self) -> float:
        return sum(cell.points for cell in self.cells if cell.kind is Kind.ANSWER)


def read_source(path: Path, *, rubrics: bool = True) -> Notebook:
    """The teacher's version. Raises HeldoutError where it can't be graded by.

    rubrics: look at them, too; what a student writes in an answer is none.
    """
    try:
        data = path.read_bytes()
        cells = [_cell(raw, path) for raw in raw_cells(data)]
    except (OSError, ValueError) as error:
        raise HeldoutError(
            "the assignment's notebook can't be read",
            where=f"{path}: {error}",
            expected=f"a notebook of nbformat {FORMAT}, as nbgrader's sources are",
            next_step="mend it, or leave it out: an assignment needn't have one",
        ) from error
    _check_ids(cells, path)
    if rubrics:
        _check_rubrics(cells, path)
    return Notebook(tuple(cells), hashlib.sha256(data).hexdigest())


def raw_cells(data: bytes) -> list[Mapping[str, Any]]:
    """The cells as they stand in the file. Raises ValueError, in words, where it is no notebook."""
    try:
        read = json.loads(data)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, ValueError) as error:
        raise ValueError(f"it is not JSON ({str(error)[:100]})") from error
    if not isinstance(read, dict) or "nbformat" not in read:
        raise ValueError("it is JSON, but no notebook")
    if read["nbformat"] != FORMAT:
        raise ValueError(f"it is a notebook of nbformat {str(read['nbformat'])[:20]}, not {FORMAT}")
    cells = read.get("cells")
    if not isinstance(cells, list) or not all(map(_is_cell, cells)):
        raise ValueError("its cells aren't cells")
    return cells


def text_of(raw: Mapping[str, Any]) -> str:
    """A cell's source, which may be kept by lines."""
    source = raw["source"]
    return source if isinstance(source, str) else "".join(source)


def metadata_of(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """nbgrader's own; empty for a cell that it has no part in."""
    metadata = raw.get("metadata")
    found = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def id_of(raw: Mapping[str, Any]) -> str:
    """nbgrader's grade_id; where an editor has lost that, the notebook format's own id."""
    for found in (metadata_of(raw).get("grade_id"), raw.get("id")):
        if isinstance(found, str) and ID.fullmatch(found):
            return found
    return ""


def _is_cell(raw: object) -> bool:
    if not isinstance(raw, dict) or raw.get("cell_type") not in ("code", "markdown", "raw"):
        return False
    source = raw.get("source")
    return isinstance(source, str) or (
        isinstance(source, list) and all(isinstance(line, str) for line in source)
    )


def _cell(raw: Mapping[str, Any], path: Path) -> Cell:
    found, is_code = metadata_of(raw), raw["cell_type"] == "code"
    kind = _kind(found)
    name = found.get("grade_id", "") if kind is not Kind.PLAIN else ""
    points = found.get("points", 0) if kind in (Kind.TEST, Kind.ANSWER) else 0
    if kind is not Kind.PLAIN and not ID.fullmatch(str(name)):
        raise ValueError(f"a cell's grade_id is {name!r}")
    if not isinstance(points, int | float) or not 0 <= points <= 10_000:
        raise ValueError(f"the cell {name} has {points!r} points")
    if kind is Kind.TEST and AUTOTEST.search(text_of(raw)):
        raise ValueError(f"the test {name} is written by nbgrader's autotest: write out what it asserts")
    if kind is Kind.TEST and is_code:
        _check_python(name, text_of(raw))
    if kind is Kind.TEST and not is_code:
        raise ValueError(f"the test {name} is no code")
    return Cell(name, kind, is_code, text_of(raw), float(points))


def _check_python(name: str, source: str) -> None:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"the test {name} must be plain Python, without magics: {error}") from error


def _kind(found: Mapping[str, Any]) -> Kind:
    grade, solution = bool(found.get("grade")), bool(found.get("solution"))
    if (grade and solution) or found.get("task"):
        return Kind.ANSWER
    if grade:
        return Kind.TEST
    if solution:
        return Kind.SOLUTION
    return Kind.LOCKED if found.get("locked") else Kind.PLAIN


def _check_ids(cells: Sequence[Cell], path: Path) -> None:
    names = [cell.id for cell in cells if cell.id]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise HeldoutError(
            "two cells of the assignment's notebook have one id",
            where=f"{path}: {', '.join(twice)}",
            expected="a grade_id for each",
        )


def _check_rubrics(cells: Sequence[Cell], path: Path) -> None:
    for cell in cells:
        try:
            check_sum(cell.rubric, cell.points)
        except HeldoutError as error:
            raise HeldoutError(
                error.what,
                where=f"{path}: {cell.id}",
                expected=error.expected,
                next_step=error.next_step or "mend it, or leave the rubric out: a cell needn't have one",
            ) from error


def _without(source: str, begin: str, end: str) -> str:
    return "\n".join(_outside(source.split("\n"), begin, end))


def _outside(lines: Sequence[str], begin: str, end: str) -> Iterator[str]:
    inside = False
    for line in lines:
        if begin in line:
            inside = True
        elif end in line:
            inside = False
        elif not inside:
            yield line
