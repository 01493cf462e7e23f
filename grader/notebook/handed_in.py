"""What a student handed in, made ready to run: their answers, and everything else as it was handed out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from grader.errors import BadSubmission, Reason
from grader.notebook.source import (
    FORMAT,
    Cell,
    Kind,
    Notebook,
    id_of,
    metadata_of,
    raw_cells,
    text_of,
)

MOST_CELLS = 1_000
RESTORED = (Kind.TEST, Kind.LOCKED)  # what is a student's to read, and not to write
MISSING = "the cell is missing"
TWICE = "the cell is there more than once: the first one counts"
CHANGED = "the test was changed: the original ran"
POINTS = "its points were changed: the original ones count"
NO_CODE = "the cell is no code any more: nothing of it ran"


@dataclass(frozen=True)
class Step:
    """A cell to run, or to show. `cell`: its original; None for a cell that its author added."""

    source: str  # the student's, or the original where theirs doesn't count
    is_code: bool
    cell: Cell | None = None

    @property
    def is_test(self) -> bool:
        return self.cell is not None and self.cell.kind is Kind.TEST


@dataclass(frozen=True)
class Plan:
    """`notes`: by the original's id, what became of it. `remarks`: about the notebook as a whole."""

    steps: tuple[Step, ...]
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def place(self, cell: Cell) -> int:
        """Of its step; -1 where it is missing."""
        return next((place for place, step in enumerate(self.steps) if step.cell is cell), -1)


def plan(data: bytes, original: Notebook) -> Plan:
    """Raises BadSubmission where it is no notebook."""
    try:
        cells = raw_cells(data)
    except ValueError as error:
        raise _no_notebook(str(error)) from error
    if len(cells) > MOST_CELLS:
        raise _no_notebook(f"it has {len(cells):,} cells; the most are {MOST_CELLS:,}")
    steps = _with_lost_tests(list(_steps(cells, original)), original)
    return Plan(tuple(steps), _notes(cells, original), tuple(_remarks(data)))


def _no_notebook(what: str) -> BadSubmission:
    return BadSubmission(
        Reason.BAD_NOTEBOOK,
        f"what was handed in can't be read as a notebook: {what}",
        expected=f"a Jupyter notebook (nbformat {FORMAT}), started from the one that was handed out",
        next_step="open it in Jupyter, save it there, and submit it again",
    )


def _steps(cells: Sequence[Mapping[str, Any]], original: Notebook) -> Iterator[Step]:
    """In the student's order; of a cell that is there twice, the first."""
    seen: set[str] = set()
    for raw in cells:
        # JSON can have halves of letters, a page can't.
        source = text_of(raw).encode("utf-8", "replace").decode()
        own, name = Step(source, raw["cell_type"] == "code"), id_of(raw)
        cell = original.named.get(name)
        if cell is None:
            yield own
        elif name not in seen:
            seen.add(name)
            yield _settled(own, cell)


def _settled(own: Step, cell: Cell) -> Step:
    if cell.kind in RESTORED:
        return Step(cell.source, cell.is_code, cell)
    return replace(own, cell=cell, is_code=own.is_code and cell.is_code)


def _with_lost_tests(steps: list[Step], original: Notebook) -> list[Step]:
    """What must be there and isn't comes after what stands before it in the original."""
    before = -1
    for cell in original.cells:
        if not cell.id:
            continue
        place = next((i for i, step in enumerate(steps) if step.cell is cell), None)
        if place is None and cell.kind in RESTORED:
            place = before + 1
            steps.insert(place, Step(cell.source, cell.is_code, cell))
        before = max(before, place) if place is not None else before
    return steps


def _notes(cells: Sequence[Mapping[str, Any]], original: Notebook) -> dict[str, tuple[str, ...]]:
    theirs: dict[str, list[Mapping[str, Any]]] = {}
    for raw in cells:
        theirs.setdefault(id_of(raw), []).append(raw)
    found = {name: tuple(_noted(theirs.get(name, []), cell)) for name, cell in original.named.items()}
    return {name: notes for name, notes in found.items() if notes}


def _noted(theirs: Sequence[Mapping[str, Any]], cell: Cell) -> Iterator[str]:
    if not theirs:
        yield MISSING
        return
    if len(theirs) > 1:
        yield TWICE
    first = theirs[0]
    if cell.kind is Kind.TEST and text_of(first).rstrip() != cell.released.rstrip():
        yield CHANGED
    if cell.points and metadata_of(first).get("points", cell.points) != cell.points:
        yield POINTS
    if cell.kind is Kind.SOLUTION and cell.is_code and first["cell_type"] != "code":
        yield NO_CODE


def _remarks(data: bytes) -> Iterator[str]:
    metadata = json.loads(data).get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    name = str(kernel.get("language", kernel.get("name", ""))) if isinstance(kernel, dict) else ""
    if name and not name.lower().startswith(("python", "conda", "venv", ".venv")):
        yield f"the notebook names the kernel {name[:40]!r}: it ran in the course's Python all the same"
