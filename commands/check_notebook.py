"""A student's check of a notebook: all of it, from top to bottom, with the tests that they can see."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.workbench import bar
from grader.errors import HeldoutError
from grader.kit import bundle
from grader.notebook.executed import unpack
from grader.notebook.grade import grade_notebook
from grader.notebook.pack import pack_notebook
from grader.notebook.source import read_source
from grader.outline import MIB, NotebookBudget, readable
from grader.report import CellState, Report, Verdict
from grader.spec import Limits
from leaderboard.listing import terminal
from leaderboard.marks import Graded
from leaderboard.plain import lines
from leaderboard.render_submissions import points_table

if TYPE_CHECKING:
    from grader.sandbox import Sandbox

MOST_BYTES = 200 * MIB  # beside a notebook


def run_notebook(path: Path, sandbox: "Sandbox") -> None:
    """Print what its tests find, and what its cells raised. Raises HeldoutError, also where a test fails."""
    budget = NotebookBudget()
    archive = pack_notebook(path, limit=budget.archive_bytes)
    with bar("checking") as progress:
        report = grade_notebook(
            read_source(path, rubrics=False),
            archive.data,
            _beside(path),
            sandbox=sandbox,
            limits=Limits(),
            budget=budget,
            progress=progress,
            hidden=False,
        )
    _print(report)


def _beside(path: Path) -> bytes:
    """The files of its folder, but for what was made of them."""
    folder = path.resolve().parent
    files = [
        (each.relative_to(folder).as_posix(), each)
        for each in sorted(folder.rglob("*"))
        if each.is_file() and not _left_out(each.relative_to(folder))
    ]
    size = sum(each.stat().st_size for _, each in files)
    if size > MOST_BYTES:
        raise HeldoutError(
            f"the notebook's folder has {readable(size)}",
            where=str(folder),
            expected=f"at most {readable(MOST_BYTES)}: the folder of `heldout start`",
            next_step="put the notebook into a folder of its own, with data/ beside it",
        )
    return bundle(files)


def _left_out(path: Path) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return hidden or path.suffix == ".ipynb" or path.parts[0] == "submission"


def _print(report: Report) -> None:
    if report.failure is not None:
        raise HeldoutError(lines(report.failure.message))
    if report.verdict is not Verdict.SCORED:
        raise HeldoutError(
            "the check broke", where=report.log.strip()[-2000:], next_step="tell your instructor"
        )
    console = terminal()
    for number, cell in enumerate(unpack(report.notebook), 1):
        said = next((each.text for each in cell.outputs if each.kind == "error"), "")
        if said and cell.kind != "test":
            click.echo(f"cell {number}{f' ({cell.id})' if cell.id else ''}:\n{lines(said)}\n")
    console.print(points_table([Graded(each) for each in report.cells], width=console.width))
    failed = [each.id for each in report.cells if each.state not in (CellState.PASSED, CellState.MANUAL)]
    if failed:
        raise HeldoutError(
            f"{len(failed)} of the tests that you can see fail",
            where=", ".join(failed[:10]),
            next_step="mend them; the grader runs these, and others beside them",
        )
    click.echo("All tests that you can see pass; the grader runs others beside them.")
