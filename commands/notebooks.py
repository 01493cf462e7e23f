"""Verbs of notebooks: the students' version, points from people, what of all that is shown to the class."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import course_option, format_option, locate, open_store, sandbox_option, say
from grader.errors import HeldoutError

if TYPE_CHECKING:
    from grader.course import Course
    from grader.notebook.release import Released
    from grader.spec import Assignment
    from leaderboard.marks import Graded


@click.group()
def notebooks() -> None:
    """Notebooks: hand out, give points, show what came of them."""


@notebooks.command()
@click.argument("slug")
@click.option("--anyway", is_flag=True, help="Hand it out in spite of what was found.")
@sandbox_option
@course_option
def release(slug: str, anyway: bool, sandbox_name: str, folder: Path | None) -> None:
    """Make the students' version of SLUG's notebook; from then on `heldout start` hands it out.

    nbgrader takes solutions and hidden tests out; then it is run, and searched for what must not be in it.
    """
    from grader import kit
    from grader.notebook.source import read_source

    course = locate(folder)
    assignment = _with_notebook(course, slug)
    found = _made(course, assignment, sandbox_name)
    for line in found.warnings:
        say(f"Note: {line}.")
    if found.complaints and not anyway:
        raise HeldoutError(
            "the students' version was not handed out",
            where="; ".join(found.complaints[:5]),
            expected="no solution, no hidden test, and cells that run with nothing solved",
            next_step=f"mend {assignment.folder / 'notebook.ipynb'}, or --anyway",
        )
    goal = kit.released(course, slug)
    _hand_out(found.data, goal)
    source = read_source(assignment.folder / "notebook.ipynb")
    click.echo(f"{goal}: {source.automatic:g} points by tests, {source.manual:g} by reading.")


def _hand_out(data: bytes, goal: Path) -> None:
    """All at once; for the server to read, whoever it runs as: the course folder is closed to others."""
    goal.parent.mkdir(parents=True, exist_ok=True)
    draft = goal.with_suffix(".new")
    draft.write_bytes(data)
    draft.chmod(0o644)
    for folder in (goal.parent, goal.parents[1]):
        folder.chmod(0o755)
    draft.replace(goal)


def _with_notebook(course: "Course", slug: str) -> "Assignment":
    from grader import catalogue
    from grader.outline import RunKind
    from leaderboard.receive import check_kind

    assignment = course.settle(catalogue.find(slug))
    check_kind(assignment, RunKind.NOTEBOOK)
    return assignment


def _made(course: "Course", assignment: "Assignment", sandbox_name: str) -> "Released":
    from grader import kit
    from grader.notebook.release import release as make
    from grader.sandbox.probe import choose

    with open_store(course) as store:
        version = store.regrades.data_version(assignment.slug)
    beside = kit.bundle(kit.sources(course, assignment, version, notebook=False))
    with closing(choose(sandbox_name)) as sandbox:
        return make(
            assignment.folder / "notebook.ipynb",
            beside,
            sandbox=sandbox,
            limits=assignment.limits,
            budget=assignment.notebook_budget,
        )


@notebooks.command("import")
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@course_option
def import_course(source: Path, folder: Path | None) -> None:
    """Take over a course that nbgrader keeps in DIR: notebooks, students, and what they handed in.

    Each notebook becomes an assignment. Run again, it completes what is missing: points and comments given by
    hand are taken over once `heldout grade` has graded what was handed in.
    """
    from commands.take_over import take_over

    take_over(locate(folder), source)


@notebooks.command()
@click.argument("slug")
@format_option
@course_option
def points(slug: str, style: str, folder: Path | None) -> None:
    """List what each team has for SLUG's notebook, and how many cells are yet to be read."""
    from leaderboard.render_notebooks import print_points

    course = locate(folder)
    _with_notebook(course, slug)
    with open_store(course) as store:
        print_points(store.notebooks.points(slug), style)


@notebooks.command()
@click.argument("ref", type=int)
@click.argument("cell")
@click.argument("points", type=float, required=False)
@click.option("-m", "--message", "comment", default="", help="For the student, once feedback is released.")
@click.option("--undo", is_flag=True, help="Take the points back that were given: its tests count again.")
@course_option
def mark(ref: int, cell: str, points: float | None, comment: str, undo: bool, folder: Path | None) -> None:
    """Give POINTS for a CELL of the notebook REF; all that was given before stays in its history."""
    if (points is None) != undo:
        raise click.UsageError("POINTS, or --undo")
    with open_store(locate(folder)) as store:
        store.notebooks.mark(ref, cell, points, comment)
        found = store.notebooks.cells(ref)
    click.echo(f"#{ref}: {_sum(found)}")


def _sum(cells: "Sequence[Graded]") -> str:
    waiting = sum(each.waits for each in cells)
    told = f"{sum(each.points for each in cells):g} of {sum(each.result.possible for each in cells):g} points"
    return f"{told}, {waiting} cells yet to be read" if waiting else told


@notebooks.command()
@click.argument("slug")
@click.option("--undo", is_flag=True, help="Hide them again.")
@course_option
def feedback(slug: str, undo: bool, folder: Path | None) -> None:
    """Show the class what its notebooks for SLUG got: hidden tests, points and comments."""
    course = locate(folder)
    assignment = _with_notebook(course, slug)
    with open_store(course) as store:
        store.notebooks.release(assignment, undo=undo)
        handed_in = store.notebooks.points(slug)
    click.echo(f"The class {'no longer sees' if undo else 'sees'} what its notebooks for {slug} got.")
    if not undo and not handed_in:
        say("Nobody has handed one in yet: who does later sees at once which tests failed, hidden ones, too.")
    if not undo and (waiting := sum(one.pending for one in handed_in)):
        say(f"{waiting} cells have not been read yet: `heldout notebooks points {slug}`.")
