"""The students' version of a notebook: nbgrader makes it, then it is looked at. Needs nbgrader."""

import logging
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import HeldoutError
from grader.notebook.rubric import TITLE, bare, rubric_lines
from grader.notebook.source import (
    BEGIN_HIDDEN,
    BEGIN_SOLUTION,
    END_HIDDEN,
    END_SOLUTION,
    NAME,
    Cell,
    Kind,
    id_of,
    raw_cells,
    read_source,
    text_of,
)
from grader.outline import NotebookBudget
from grader.sandbox import Allowance, Ran, Sandbox
from grader.spec import Limits

TELLING = 12  # characters from which a line of a solution says something
UNSOLVED = ("NotImplementedError", "NameError", "AssertionError")  # what a cell may end with then


@dataclass(frozen=True)
class Released:
    data: bytes
    complaints: tuple[str, ...]  # why it must not be handed out
    warnings: tuple[str, ...] = ()


def release(
    source: Path, kit: bytes, *, sandbox: Sandbox, limits: Limits, budget: NotebookBudget
) -> Released:
    """Make the student's version, and check it. Raises HeldoutError where the source can't be used."""
    read_source(source)
    data = generate(source)
    ran = _run(data, kit, sandbox, limits, budget)
    return Released(data, (*leaks(source, data), *_broken(ran)), tuple(_given_away(source, ran)))


def generate(source: Path) -> bytes:
    """nbgrader's own student version. Raises HeldoutError where it refuses."""
    try:
        from nbgrader.converters import GenerateAssignment
        from nbgrader.coursedir import CourseDirectory
        from traitlets.config import Config
    except ImportError as error:
        raise HeldoutError(
            "nbgrader is not installed",
            where=str(error),
            expected="the extra `notebooks`",
            next_step="pip install 'heldout[notebooks]'",
        ) from error
    with tempfile.TemporaryDirectory(prefix="heldout-release-") as folder:
        config = Config()
        config.CourseDirectory.root, config.CourseDirectory.assignment_id = folder, "released"
        config.GenerateAssignment.no_database = True
        config.SaveCells.enabled = False
        inside = Path(folder, "source", "released")
        inside.mkdir(parents=True)
        shutil.copyfile(source, inside / NAME)
        converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
        converter.log.setLevel(logging.CRITICAL)
        try:
            converter.start()
            return Path(folder, "release", "released", NAME).read_bytes()
        except (Exception, SystemExit) as error:  # nbgrader's own kinds, and its preprocessors'
            raise HeldoutError(
                "nbgrader can't make the students' version",
                where=f"{source}: {str(error).strip()[-500:]}",
                expected="a source as `nbgrader validate` takes it",
            ) from error


# ---------------------------------------------------------------- what must not be in it


def leaks(source: Path, data: bytes) -> Iterator[str]:
    """Rubrics in the students' version, and lines of solutions and hidden tests that stand nowhere else."""
    released = {line.strip() for raw in raw_cells(data) for line in text_of(raw).split("\n")}
    cells = read_source(source).cells
    texts = [cell.source for cell in cells]
    for begin, end, what in (
        (BEGIN_SOLUTION, END_SOLUTION, "solution"),
        (BEGIN_HIDDEN, END_HIDDEN, "hidden test"),
    ):
        inside, outside = _parted(texts, begin, end)
        for line in sorted(inside - outside):
            if line in released and len(line) >= TELLING:
                yield f"a line of a {what} is in the students' version: {line[:80]}"
        if any(begin in line or end in line for line in released):
            yield f"a mark of a {what} is in the students' version"
    yield from _rubrics_told(cells, data)


def _rubrics_told(cells: Sequence[Cell], data: bytes) -> Iterator[str]:
    for cell in cells:
        if cell.rubric and (told := _told_of_rubric(cell, data)):
            yield f"the rubric of {cell.id} is in the students' version: {told[:80]}"


def _told_of_rubric(cell: Cell, data: bytes) -> str:
    """A line of it that the students' cell has; in other words, wherever else, it may be told."""
    theirs = [text_of(raw) for raw in raw_cells(data) if id_of(raw) == cell.id]
    secret = {TITLE, *rubric_lines(cell.source)}
    return next((line for text in theirs for line in text.split("\n") if bare(line) in secret), "")


def _parted(texts: Sequence[str], begin: str, end: str) -> tuple[set[str], set[str]]:
    """Lines between the marks, and all others."""
    inside, outside = set[str](), set[str]()
    for text in texts:
        within = False
        for line in text.split("\n"):
            if begin in line or end in line:
                within = begin in line
            else:
                (inside if within else outside).add(line.strip())
    return inside, outside


# ---------------------------------------------------------------- how it runs


def _run(
    data: bytes, kit: bytes, sandbox: Sandbox, limits: Limits, budget: NotebookBudget
) -> list[tuple[str, str, Ran]]:
    """Name, source and fate of each code cell. Raises BadSubmission where its process ends."""
    found = []
    with sandbox.open_notebook(kit, limits, Allowance(budget.seconds)) as session:
        for number, raw in enumerate(raw_cells(data), 1):
            if raw["cell_type"] == "code":
                name = str(raw.get("metadata", {}).get("nbgrader", {}).get("grade_id", f"cell {number}"))
                found.append((name, text_of(raw), session.run(text_of(raw), seconds=budget.cell_seconds)))
    return found


def _broken(ran: Sequence[tuple[str, str, Ran]]) -> Iterator[str]:
    """What a student meets who has solved nothing yet: unsolved exercises, and nothing else."""
    for name, _, one in ran:
        if one.state == "timeout":
            yield f"{name} of the students' version takes too long"
        if one.state == "raised" and (kind := _error(one)) not in UNSOLVED:
            yield f"{name} of the students' version raises {kind}: it must run with nothing solved"


def _error(ran: Ran) -> str:
    text = next((each.text for each in ran.outputs if each.kind == "error"), "")
    found = re.findall(r"^(\w+(?:\.\w+)*)(?::|$)", text, flags=re.MULTILINE)
    named = [each.rpartition(".")[2] for each in found]
    return next((each for each in reversed(named) if each[:1].isupper()), "an error")


def _given_away(source: Path, ran: Sequence[tuple[str, str, Ran]]) -> Iterator[str]:
    """Tests that pass with nothing solved."""
    tests = {cell.id: cell for cell in read_source(source).cells if cell.kind is Kind.TEST and cell.points}
    for name, _, one in ran:
        if name in tests and one.state == "ok":
            hidden = "; its hidden tests may not" if tests[name].hides else ""
            yield f"the test {name} ({tests[name].points:g} points) passes with nothing solved{hidden}"
