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
    click.echo(f"{target} is ready: read README.md, run `python train.py` in it, then `heldout check`.")


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
@click.option("--anyway", is_flag=True, help="Even from a folder that was started for another assignment.")
@click.option("-q", "--quiet", is_flag=True, help="Without the bar of the upload.")
@team_option
@desk_option
def submit(
    slug: str,
    source: Path,
    description: str,
    wait: float | None,
    every: float,
    train: bool,
    anyway: bool,
    quiet: bool,
    team: str | None,
    folder: Path | None,
) -> None:
    """Hand in a solution for SLUG. What is printed is your receipt."""
    from commands.waiting import sending, wait_for
    from desk.desk import Which
    from grader.archive import pack_for

    _check_described(description)
    if not anyway:
        _check_started_for(slug, source)
    desk, kind = open_desk(folder, near=source), run_kind(train)
    archive, which = pack_for(desk.outline(slug), source, kind), Which(slug, kind)
    before = desk.standings(which).rows if wait is not None else []
    with sending(archive.file_name, quiet=quiet) as sent:
        receipt = desk.submit(archive, slug, kind, description=description, team=team, sent=sent)
    _print_receipt(receipt, archive)
    if wait is not None:
        wait_for(desk, receipt, which, before, seconds=wait, every=every)


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
