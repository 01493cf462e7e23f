"""What an assignment's notebook asks, from the teacher's own version: whole for those who mark it."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from grader import kit
from grader.course import Course
from grader.notebook.source import BEGIN_SOLUTION, END_SOLUTION, NAME, Cell, Kind, Notebook, read_source
from grader.spec import Assignment
from leaderboard.marks import Item
from leaderboard.web.collect import has_notebook
from leaderboard.web.marking import Question
from leaderboard.web.site import Offer


def offer(course: Course, assignment: Assignment) -> Offer | None:
    """What a notebook that was handed out gives. Raises HeldoutError."""
    if not (has_notebook(assignment) and kit.released(course, assignment.slug).is_file()):
        return None
    found = _source(assignment)
    return Offer(found.automatic, found.manual)


def questions(assignment: Assignment) -> Sequence[Question]:
    """Its graded cells, in their order, with answers: for staff alone. Raises HeldoutError."""
    found = _source(assignment)
    return [_question(found, cell) for cell in found.graded]


def source_sha256(assignment: Assignment) -> str:
    return _source(assignment).sha256


def _source(assignment: Assignment) -> Notebook:
    path = assignment.folder / NAME
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _read(path: Path, changed: int) -> Notebook:
    return read_source(path, rubrics=False)


def _question(found: Notebook, cell: Cell) -> Question:
    before = found.cells[: found.cells.index(cell)]
    asked = next((each.source for each in reversed(before) if not each.is_code), "")
    solved = next((each.id for each in reversed(before) if each.kind is Kind.SOLUTION), "")
    by_hand = cell.kind is Kind.ANSWER
    return Question(
        cell.id,
        cell.is_code,
        by_hand,
        cell.points,
        asked,
        _without_signs(cell.source),
        "" if by_hand else solved,
        tuple(Item(one.text, one.points) for one in cell.rubric),
    )


def _without_signs(source: str) -> str:
    """Of where a solution begins and ends."""
    signs = (BEGIN_SOLUTION, END_SOLUTION)
    return "\n".join(line for line in source.split("\n") if not any(sign in line for sign in signs))
