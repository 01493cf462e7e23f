"""Verbs of the student: what there is to do, a folder to start from, a check, a submission."""

import io
import zipfile
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

import click

from commands.options import (
    FOLDER,
    MARKER,
    desk_option,
    format_option,
    open_desk,
    run_kind,
    started_for,
    team_option,
    train_option,
)
from grader.errors import HeldoutError

if TYPE_CHECKING:
    from grader.archive import Archive
    from grader.outline import Outline, RunKind
    from leaderboard.records import Receipt

SOURCE = click.Path(path_type=Path)


@click.command()
@format_option
@team_option
@desk_option
def assignments(style: str, team: str | None, folder: Path | None) -> None:
    """List the course's assignments, with your team's best score on each."""
    from leaderboard.render import print_assignments

    listed = open_desk(folder).listed(team)
    print_assignments([(one.outline, one.best, one.trained) for one in listed], style)


@click.command()
@click.argument("slug")
@click.argument("target", metavar="[DIR]", type=FOLDER, required=False)
@desk_option
def start(slug: str, target: Path | None, folder: Path | None) -> None:
    """Put SLUG's statement, starter code and public data into DIR (default: ./SLUG)."""
    desk = open_desk(folder)
    target = target or Path(slug)
    if target.exists() and any(target.iterdir()):
        raise HeldoutError(
            f"{target} is not empty",
            expected="a new folder: nothing of yours is ever overwritten",
            next_step=f"heldout start {slug} OTHER_DIR",
        )
    _unpack(desk.kit(slug), target)
    (target / MARKER).write_text(f"{slug}\n{desk.address}\n", encoding="utf-8")
    click.echo(f"{target} is ready: read README.md, {_first(target)}.")


def _first(target: Path) -> str:
    """What to do in it. An assignment may have a notebook beside its code, or in its place."""
    code = "run `python train.py` in it, then `heldout check`" if (target / "train.py").is_file() else ""
    has_notebook = (target / "notebook.ipynb").is_file()
    work = "work in notebook.ipynb, then `heldout check --notebook notebook.ipynb`" if has_notebook else ""
    return "; or ".join(filter(None, (code, work))) or "then `heldout check`"


def _unpack(kit: bytes, target: Path) -> None:
    """Raises HeldoutError, before anything is written, unless all of it stays inside `target`."""
    try:
        with zipfile.ZipFile(io.BytesIO(kit)) as bundle:
            if odd := [one.filename for one in bundle.infolist() if not _stays_inside(one)]:
                raise HeldoutError(
                    f"what the course hands out holds {odd[0]!r}: nothing was unpacked",
                    expected="files with relative paths",
                    next_step="tell your instructor",
                )
            target.mkdir(parents=True, exist_ok=True)
            bundle.extractall(target)
    except zipfile.BadZipFile as error:
        raise HeldoutError(
            "what the course hands out is no zip", where=str(error), next_step="tell your instructor"
        ) from error


def _stays_inside(one: zipfile.ZipInfo) -> bool:
    """Whether it is a file, with a path that means the same on every system."""
    path = PurePosixPath(one.filename)
    kind = one.external_attr >> 16 & 0o170000
    plain = not one.is_dir() and kind in (0, 0o100000)
    return plain and not PureWindowsPath(path).anchor and ".." not in path.parts and "\\" not in one.filename


@click.command()
@click.argument("slug")
@click.option(
    "-f",
    "--folder",
    "source",
    type=SOURCE,
    help="Your solution, or a zip of it; default: this folder.",
)
@click.option("-m", "--message", "description", required=True, help="A few words for your own list.")
@click.option(
    "--wait",
    type=float,
    is_flag=False,
    flag_value=600.0,
    metavar="[SEC]",
    help="Wait for the score (≤ SEC seconds).",
)
@click.option(
    "--poll-interval",
    "every",
    type=click.FloatRange(min=0.5),
    default=3.0,
    show_default=True,
    metavar="SEC",
    help="While waiting, ask a server every SEC seconds.",
)
@train_option("Hand in the code alone: the grader trains it.")
@click.option(
    "--notebook",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Hand in this notebook; with -f a model as well.",
)
@click.option("--anyway", is_flag=True, help="Even from a folder that was started for another assignment.")
@click.option("-q", "--quiet", is_flag=True, help="Without the bar of the upload.")
@team_option
@desk_option
def submit(
    slug: str,
    source: Path | None,
    description: str,
    wait: float | None,
    every: float,
    train: bool,
    notebook: Path | None,
    anyway: bool,
    quiet: bool,
    team: str | None,
    folder: Path | None,
) -> None:
    """Hand in a solution for SLUG. What is printed is your receipt."""
    from commands.waiting import sending, wait_for
    from desk.desk import Which
    from grader.outline import BOARDED

    _check_described(description)
    near = source or (notebook.parent if notebook else Path())
    if not anyway:
        _check_started_for(slug, near)
    desk = open_desk(folder, near=near)
    kinds = _packed(desk.outline(slug), source, notebook, run_kind(train))  # all, before one is sent
    receipts = []
    for kind, archive in kinds:
        which = Which(slug, kind)
        before = desk.standings(which).rows if wait is not None and kind in BOARDED else []
        with sending(archive.file_name, quiet=quiet) as sent:
            receipt = desk.submit(archive, slug, kind, description=description, team=team, sent=sent)
        _print_receipt(receipt, archive)
        receipts.append((receipt, which, before))
    if wait is not None:
        for receipt, which, before in receipts:
            wait_for(desk, receipt, which, before, seconds=wait, every=every)


def _packed(
    outline: "Outline", source: Path | None, notebook: Path | None, kind: "RunKind"
) -> "list[tuple[RunKind, Archive]]":
    """A notebook, a model, or both; without a word about either the model of the current folder."""
    from grader.archive import pack_for
    from grader.notebook.pack import pack_notebook
    from grader.outline import RunKind

    found = []
    if source is not None or notebook is None:
        found.append((kind, pack_for(outline, source or Path(), kind)))
    if notebook is not None:
        limit = outline.archive_limit(RunKind.NOTEBOOK)
        found.append((RunKind.NOTEBOOK, pack_notebook(notebook, limit=limit)))
    return found


def _print_receipt(receipt: "Receipt", archive: "Archive") -> None:
    from leaderboard.plain import one_line

    verb = "had been received before as" if receipt.duplicate else "received as"
    click.echo(f"{one_line(archive.file_name)} {verb} #{receipt.ref}, sha256 {receipt.sha256}")
    if receipt.late:
        click.echo("That is after the deadline: it will be scored, and not ranked.")
    if receipt.left is not None:
        click.echo(f"{receipt.left or 'none'} left today: see `heldout limits {receipt.assignment}`.")


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
