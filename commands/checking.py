"""The student's check: what the grader does on public data, on one's own machine."""

import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import (
    FOLDER,
    desk_option,
    open_desk,
    run_kind,
    sandbox_option,
    say,
    started_folder,
    started_for,
    train_option,
)
from grader.errors import HeldoutError, SandboxError, Unavailable

if TYPE_CHECKING:
    from desk.desk import StaffDesk
    from grader.grade import PublicCheck
    from grader.sandbox import Sandbox
    from grader.spec import Arrays, Assignment


@click.command()
@click.argument("source", metavar="[DIR]", type=click.Path(path_type=Path), default=".")
@click.option("--assignment", "slug", help="Which assignment. Default: the one DIR was started from.")
@click.option("--pictures", type=FOLDER, help="Write what the check draws (PNG) into this folder.")
@train_option("Train the code first, as a train run does.")
@click.option(
    "--notebook",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Run this notebook instead, with the tests that you can see.",
)
@sandbox_option
@desk_option
def check(
    source: Path,
    slug: str | None,
    pictures: Path | None,
    train: bool,
    notebook: Path | None,
    sandbox_name: str,
    folder: Path | None,
) -> None:
    """Run the grader's checks on public data, with full tracebacks. Costs no attempt."""
    if notebook is not None:
        from commands.check_notebook import run_notebook

        with closing(_own_sandbox(sandbox_name)) as sandbox:
            run_notebook(notebook, sandbox)
        return
    from commands.workbench import bar
    from grader import grade as grading
    from grader.archive import pack_for
    from leaderboard.plain import one_line

    desk, kind = open_desk(folder, near=source), run_kind(train)
    assignment, public = _matter(desk, slug or _started_from(source), source)
    archive = pack_for(assignment, source, kind)
    sandbox = _own_sandbox(sandbox_name)
    size = f"{len(archive.data) / 1e6:.2f} MB"
    click.echo(f"{one_line(archive.file_name)}: {size}, sandbox: {sandbox.launcher}")
    with closing(sandbox), bar("checking") as progress:
        found = grading.check(assignment, archive.data, public, sandbox, run_kind=kind, progress=progress)
    _print(found, assignment)
    if pictures is not None:
        _draw(found, pictures)
    click.echo(f"Everything the grader checks on public data is in order ({found.wall_seconds:.1f} s).")


def _matter(desk: "StaffDesk", slug: str, source: Path) -> "tuple[Assignment, Arrays]":
    """The assignment under the course's limits, and its public data."""
    from desk.remote import RemoteDesk
    from grader import catalogue

    if isinstance(desk, RemoteDesk):
        return _limited(desk, catalogue.find(slug)), _handed_out(source, slug)
    from desk.local import LocalDesk
    from grader.prepared import load_public

    assert isinstance(desk, LocalDesk)
    assignment = desk.assignment(slug)
    return assignment, load_public(desk.course, slug, desk.store.regrades.data_version(slug))


def _limited(desk: "StaffDesk", assignment: "Assignment") -> "Assignment":
    """Where the server is away, the limits are those that the assignment came with."""
    try:
        told = desk.outline(assignment.slug)
    except Unavailable as error:
        say(f"{error.what}: checking under the usual limits; your course may have others.")
        return assignment
    return replace(assignment, limits=told.limits, budget=told.budget)


def _handed_out(source: Path, slug: str) -> "Arrays":
    """What `start` put there."""
    import numpy as np

    from grader.archive import PUBLIC_DATA
    from grader.prepared import PUBLIC

    path = (started_folder(source) or source) / PUBLIC_DATA / PUBLIC
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise HeldoutError(
            f"the public data are {'damaged' if path.is_file() else 'not there'}",
            where=str(path),
            expected=f"a folder made by `heldout start {slug}`",
            next_step=f"`heldout start {slug} OTHER_DIR`, and copy {PUBLIC_DATA}/ from there",
        ) from error


def _print(found: "PublicCheck", assignment: "Assignment") -> None:
    """Raises the error that it found, if any."""
    from leaderboard.plain import lines

    if found.log:
        click.echo(f"Your code printed:\n{found.log}")
    if found.error is not None:
        raise found.error
    if found.training is not None:
        trained, limit = found.training, assignment.budget.cpu_seconds
        seconds = f"{trained.cpu_seconds:.0f} of {limit:g} CPU-seconds, {trained.wall_seconds:.1f} s wall"
        click.echo(f"  trained: {trained.steps:,} steps in {seconds}")
    known = {metric.name: metric for metric in assignment.metrics}
    for name, value in found.preview.scores.items():
        digits, unit = (known[name].digits, known[name].unit) if name in known else (3, "")
        click.echo(f"  {name} {value:z.{digits}f} {unit}".rstrip() + " on public examples")
    for name, text in found.preview.texts.items():
        click.echo(f"{name}:\n{lines(text)}")


def _draw(found: "PublicCheck", target: Path) -> None:
    from grader.pictures import png

    target.mkdir(parents=True, exist_ok=True)
    for picture in found.preview.pictures:
        (target / f"{picture.name}.png").write_bytes(png(picture))
        click.echo(f"wrote {target / f'{picture.name}.png'}")


def _started_from(source: Path) -> str:
    if (slug := started_for(source)) is not None:
        return slug
    raise HeldoutError(
        f"which assignment is {source} for?",
        expected="a folder made by `heldout start SLUG`, or --assignment SLUG",
        next_step="add --assignment SLUG",
    )


def _own_sandbox(name: str) -> "Sandbox":
    """For code that is the user's own: without bubblewrap (macOS, Windows) an own process will do."""
    from grader.sandbox.probe import choose

    try:
        return choose("cold" if name == "auto" else name)  # one session: no zygote is worth its start
    except SandboxError as error:
        if name != "auto":
            raise
        say(f"No sandbox here ({error.what}): your code runs in a process of its own.")
        return choose("none")
