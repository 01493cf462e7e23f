"""Verbs of the student: what there is to do, a folder to start from, a check, a submission."""

import shutil
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import (
    FOLDER,
    MARKER,
    course_option,
    format_option,
    locate,
    open_store,
    run_kind,
    sandbox_option,
    started_for,
    team_option,
    team_or_none,
    team_or_only,
    train_option,
)
from grader.errors import HeldoutError, SandboxError

if TYPE_CHECKING:
    from grader.course import Course
    from grader.sandbox import Sandbox
    from leaderboard.store import Store

SOURCE = click.Path(path_type=Path)


@click.command()
@format_option
@team_option
@course_option
def assignments(style: str, team: str | None, folder: Path | None) -> None:
    """List the course's assignments, with your team's best score on each."""
    from grader import catalogue
    from grader.spec import RunKind
    from leaderboard.reading import best
    from leaderboard.render import print_assignments

    course = locate(folder)
    store = open_store(course)
    team = team_or_none(store, team)
    listed = [course.settle(catalogue.find(slug)) for slug in course.config.assignments]
    rows = [(one, best(store, one, team), best(store, one, team, RunKind.TRAIN)) for one in listed]
    print_assignments(rows, style)


@click.command()
@click.argument("slug")
@click.argument("target", metavar="[DIR]", type=FOLDER, required=False)
@course_option
def start(slug: str, target: Path | None, folder: Path | None) -> None:
    """Put SLUG's statement, starter code and public data into DIR (default: ./SLUG)."""
    from grader import catalogue
    from grader.prepared import PUBLIC, load_public

    course = locate(folder)
    assignment = course.settle(catalogue.find(slug))
    version = open_store(course).regrades.data_version(slug)
    load_public(course, slug, version)  # verified before anything is copied
    public = course.data(slug, version) / PUBLIC
    target = target or Path(slug)
    if target.exists() and any(target.iterdir()):
        raise HeldoutError(
            f"{target} is not empty",
            expected="a new folder: nothing of yours is ever overwritten",
            next_step=f"heldout start {slug} OTHER_DIR",
        )
    shutil.copytree(assignment.folder / "starter", target, dirs_exist_ok=True)
    shutil.copy(assignment.folder / "README.md", target)
    (target / "data").mkdir()
    shutil.copy(public, target / "data")
    (target / MARKER).write_text(f"{slug}\n{course.folder}\n", encoding="utf-8")
    click.echo(f"{target} is ready: read README.md, run `python train.py` in it, then `heldout check`.")


@click.command()
@click.argument("source", metavar="[DIR]", type=SOURCE, default=".")
@click.option("--assignment", "slug", help="Which assignment. Default: the one DIR was started from.")
@click.option("--pictures", type=FOLDER, help="Write what the check draws (PNG) into this folder.")
@train_option("Train the code first, as a train run does.")
@sandbox_option
@course_option
def check(
    source: Path,
    slug: str | None,
    pictures: Path | None,
    train: bool,
    sandbox_name: str,
    folder: Path | None,
) -> None:
    """Run the grader's checks on public data, with full tracebacks. Costs no attempt."""
    from commands.workbench import bar
    from grader import catalogue
    from grader import grade as grading
    from grader.archive import pack_for
    from grader.pictures import png
    from grader.prepared import load_public
    from leaderboard.plain import lines, one_line

    course = locate(folder, near=source)
    assignment = course.settle(catalogue.find(slug or _started_from(source)))
    kind = run_kind(train)
    archive = pack_for(assignment, source, kind)
    sandbox = _own_sandbox(sandbox_name)
    size = f"{len(archive.data) / 1e6:.2f} MB"
    click.echo(f"{one_line(archive.file_name)}: {size}, sandbox: {sandbox.launcher}")
    with closing(sandbox):
        public = load_public(
            course, assignment.slug, open_store(course).regrades.data_version(assignment.slug)
        )
        with bar("checking") as progress:
            found = grading.check(assignment, archive.data, public, sandbox, run_kind=kind, progress=progress)
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
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        for picture in found.preview.pictures:
            (pictures / f"{picture.name}.png").write_bytes(png(picture))
            click.echo(f"wrote {pictures / f'{picture.name}.png'}")
    click.echo(f"Everything the grader checks on public data is in order ({found.wall_seconds:.1f} s).")


@click.command()
@click.argument("slug")
@click.option("-f", "--folder", "source", type=SOURCE, default=".", help="Your solution, or a zip of it.")
@click.option("-m", "--message", "description", required=True, help="A few words for your own list.")
@click.option(
    "--wait",
    type=float,
    is_flag=False,
    flag_value=600.0,
    metavar="[SEC]",
    help="Wait for the score (≤ SEC seconds).",
)
@train_option("Hand in the code alone: the grader trains it.")
@click.option("--anyway", is_flag=True, help="Even from a folder that was started for another assignment.")
@team_option
@course_option
def submit(
    slug: str,
    source: Path,
    description: str,
    wait: float | None,
    train: bool,
    anyway: bool,
    team: str | None,
    folder: Path | None,
) -> None:
    """Hand in a solution for SLUG. What is printed is your receipt."""
    from grader import catalogue
    from grader.archive import pack_for
    from leaderboard.plain import one_line
    from leaderboard.receive import receive

    _check_described(description)
    if not anyway:
        _check_started_for(slug, source)
    course = locate(folder, near=source)
    store = open_store(course)
    assignment, kind = course.settle(catalogue.find(slug)), run_kind(train)
    archive = pack_for(assignment, source, kind)
    receipt = receive(
        store,
        course.archives,
        archive,
        team=team_or_only(store, team),
        assignment=assignment,
        description=description,
        run_kind=kind,
    )
    verb = "had been received before as" if receipt.duplicate else "received as"
    click.echo(f"{one_line(archive.file_name)} {verb} #{receipt.ref}, sha256 {receipt.sha256}")
    if receipt.late:
        click.echo("That is after the deadline: it will be scored, and not ranked.")
    if receipt.left is not None:
        click.echo(f"{receipt.left or 'none'} left today: see `heldout limits {slug}`.")
    if wait is not None:
        _wait(course, store, receipt.ref, seconds=wait)


def _check_described(description: str) -> None:
    if not description.strip():
        raise HeldoutError(
            "the message is empty",
            expected="a few words: your own list of submissions shows them",
            next_step='-m "what you changed"',
        )


def _check_started_for(slug: str, source: Path) -> None:
    """Raise HeldoutError in another assignment's folder: what lies there answers other questions."""
    started = started_for(source)
    if started not in (None, slug):
        raise HeldoutError(
            f"this folder was started for {started}",
            where=str(source.resolve()),
            expected=f"a solution for {slug}",
            next_step=f"`heldout submit {started}`, or --anyway",
        )


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
        click.echo(f"No sandbox here ({error.what}): your code runs in a process of its own.", err=True)
        return choose("none")


def _wait(course: "Course", store: "Store", ref: int, *, seconds: float) -> None:
    """Wait for a score. On a course folder there may be no other grader: meanwhile this process grades."""
    from commands.workbench import Workbench
    from grader import catalogue
    from leaderboard.render import print_submission

    deadline = time.monotonic() + seconds

    def over() -> bool:
        return store.submission(ref).state.final or time.monotonic() > deadline

    with Workbench(course, store, jobs=1, sandbox_name="auto") as bench:
        bench.run(watch=True, until=over)
    submission = store.submission(ref)
    print_submission(submission, course.settle(catalogue.find(submission.assignment)), "table")
    if submission.state != "scored":
        raise SystemExit(1)
