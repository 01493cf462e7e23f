"""Verbs that decide: what counts, who may, since when and until when. The audit log has them all."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

import click

from commands.options import (
    FOLDER,
    Moment,
    course_option,
    desk_option,
    format_option,
    locate,
    open_desk,
    open_store,
    run_kind,
    team_option,
    train_option,
)
from grader.errors import HeldoutError

if TYPE_CHECKING:
    from grader.course import Course
    from grader.spec import Assignment
    from leaderboard.boards import Board
    from leaderboard.records import Snapshot
    from leaderboard.render_rules import Moves
    from leaderboard.store import Store

    class Look(Protocol):
        def __call__(self, board: Board, *, private: bool) -> tuple[Snapshot, Snapshot]: ...


def settled(course: "Course", slug: str) -> "Assignment":
    from grader import catalogue

    return course.settle(catalogue.find(slug))


# ---------------------------------------------------------------- students


@click.command()
@click.argument("slug")
@train_option("Those of train runs.")
@format_option
@team_option
@desk_option
def limits(slug: str, train: bool, style: str, team: str | None, folder: Path | None) -> None:
    """Show how many submissions are left for SLUG, and until when."""
    from leaderboard.render_rules import print_quota

    print_quota(open_desk(folder).limits(slug, run_kind(train), team), style)


@click.command()
@click.argument("refs", metavar="REF...", type=int, nargs=-1, required=True)
@desk_option
def select(refs: tuple[int, ...], folder: Path | None) -> None:
    """Name your final submissions to one board: these, and no others."""
    open_desk(folder).select(refs)
    click.echo(f"Selected: {', '.join(f'#{ref}' for ref in refs)}.")


@click.command()
@click.argument("ref", type=int)
@click.option("--undo", is_flag=True, help="Bring it back.")
@desk_option
def withdraw(ref: int, undo: bool, folder: Path | None) -> None:
    """Take a submission back: a queued one at no cost, a judged one off the board."""
    state = open_desk(folder).withdraw(ref, undo=undo)
    click.echo(f"#{ref} is {'back' if undo else 'withdrawn'}: {state}.")


@click.command()
@click.argument("ref", type=int)
@click.argument("file", type=click.File("rb"))
@desk_option
def writeup(ref: int, file: BinaryIO, folder: Path | None) -> None:
    """Tell in FILE (Markdown) how you got to REF, for the class to read.

    The class sees it after the deadline. It replaces what was there; `-` is standard input.
    """
    try:
        text = file.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise HeldoutError(f"{file.name} is no text", where=str(error), expected="UTF-8") from error
    open_desk(folder).write_up(ref, text)
    click.echo(f"#{ref} has a write-up now: {len(text):,} characters.")


@click.group()
def team() -> None:
    """Merge teams and look at them."""


@team.command("list")
@format_option
@desk_option
def list_teams(style: str, folder: Path | None) -> None:
    """List teams with their members."""
    from leaderboard.render_rules import print_teams

    print_teams(open_desk(folder).teams(), style)


@team.command()
@click.argument("into", metavar="TEAM")
@click.argument("other", metavar="OTHER")
@desk_option
def merge(into: str, other: str, folder: Path | None) -> None:
    """Make OTHER a part of TEAM, with its students and submissions, where all rules allow it."""
    open_desk(folder).merge(into, other)
    click.echo(f"{other} is a part of {into} now; `heldout team part` undoes it.")


@team.command()
@click.argument("other", metavar="OTHER")
@desk_option
def part(other: str, folder: Path | None) -> None:
    """Undo a merge: OTHER is a team of its own again, with what it brought along."""
    open_desk(folder).part(other)
    click.echo(f"{other} is a team of its own again.")


# ---------------------------------------------------------------- instructors


@click.command()
@click.argument("slug")
@click.argument("username")
@click.option("--until", type=Moment(), metavar="TIME", help="The new deadline, with its zone.")
@click.option("--undo", is_flag=True, help="Take the extension back.")
@desk_option
def extend(slug: str, username: str, until: datetime | None, undo: bool, folder: Path | None) -> None:
    """Give a student, and so a team, more time for SLUG."""
    if (until is None) != undo:
        raise click.UsageError("name either --until TIME or --undo")
    before = open_desk(folder).extend(slug, username, until)
    had = f"; it was {before:%d %b %Y %H:%M} UTC" if before else ""
    now = f"until {until:%d %b %Y %H:%M} UTC" if until else "no extension"
    click.echo(f"{username} has {now} for {slug}{had}.")


@click.command()
@click.argument("slug")
@click.argument("team")
@click.option("--reason", required=True, help="It goes into the audit log.")
@desk_option
def disqualify(slug: str, team: str, reason: str, folder: Path | None) -> None:
    """Take a team off SLUG's boards, until it is reinstated."""
    open_desk(folder).disqualify(slug, team, reason)
    click.echo(f"{team} is off the boards of {slug}; `heldout reinstate` undoes it.")


@click.command()
@click.argument("slug")
@click.argument("team")
@desk_option
def reinstate(slug: str, team: str, folder: Path | None) -> None:
    """Undo a disqualification."""
    open_desk(folder).reinstate(slug, team)
    click.echo(f"{team} is on the boards of {slug} again.")


@click.command()
@click.argument("slug")
@click.option("--undo", is_flag=True, help="Hide it again.")
@desk_option
def reveal(slug: str, undo: bool, folder: Path | None) -> None:
    """Show SLUG's private boards to everybody."""
    open_desk(folder).reveal(slug, undo=undo)
    click.echo(f"The private boards of {slug} are {'hidden again' if undo else 'revealed'}.")


@click.command()
@format_option
@desk_option
def audit(style: str, folder: Path | None) -> None:
    """Show who decided what, and when."""
    from leaderboard.render_rules import print_events

    print_events(open_desk(folder).events(), style)


def print_moves_of(listed: "Sequence[Assignment]", look: "Look", style: str) -> None:
    """Print who would move on each of their boards."""
    from leaderboard.render_rules import print_moves

    print_moves([moves for assignment in listed for moves in _moves(assignment, look)], style)


def _moves(assignment: "Assignment", look: "Look") -> "Iterator[Moves]":
    from grader.spec import BOARDED
    from leaderboard.boards import Board
    from leaderboard.render_rules import Moves, moves

    for kind in BOARDED:
        board = Board(assignment, kind)
        for private in (False, True):
            yield Moves(board, private, moves(*look(board, private=private), assignment))


@click.command()
@click.argument("slugs", metavar="[SLUG]...", nargs=-1)
@click.option("--preview", is_flag=True, help="Who would move under the rules of today; the default.")
@format_option
@course_option
def rules(slugs: tuple[str, ...], preview: bool, style: str, folder: Path | None) -> None:
    """Show the rules in course.toml, and who moves by what has changed since the boards were last made."""
    from leaderboard.plain import one_line
    from leaderboard.render_rules import print_rules

    course = locate(folder)
    store = open_store(course)
    chosen = [settled(course, slug) for slug in slugs or tuple(course.config.assignments)]
    for assignment in chosen:
        for name in _unknown(assignment, store):
            said = f"{assignment.slug}: extensions.{one_line(name)}: no student has this username"
            click.echo(said, err=True)
    if style != "table":
        print_moves_of(chosen, store.preview, style)
        return
    for assignment in chosen:
        print_rules(assignment)
        print_moves_of([assignment], store.preview, style)


def _unknown(assignment: "Assignment", store: "Store") -> list[str]:
    """Extensions of nobody: a username that is misspelt, say, or not yet imported."""
    students = {name.casefold() for team in store.teams() for name in team.members}
    return [name for name in assignment.rules.extensions if name.casefold() not in students]


@click.command()
@click.argument("slug")
@click.option(
    "--out", type=FOLDER, metavar="DIR", help="Where the page goes. Default: SLUG-integrity in the course."
)
@click.option(
    "--probe",
    "probed",
    type=int,
    multiple=True,
    metavar="REF",
    help="Grade this entry again, as it is and on images moved by a pixel: a table of known ones falls.",
)
@train_option("The board of train runs.")
@format_option
@course_option
def integrity(
    slug: str, out: Path | None, probed: tuple[int, ...], train: bool, style: str, folder: Path | None
) -> None:
    """Compare what stands on SLUG's board: answers, code, pictures. For you to look at; never a verdict."""
    from contextlib import nullcontext

    from commands.probing import prober
    from leaderboard.boards import heading
    from leaderboard.integrity.look import as_it_is, look
    from leaderboard.integrity.render import print_findings
    from leaderboard.web.integrity import write_report

    course = locate(folder)
    store, assignment, kind = open_store(course), settled(course, slug), run_kind(train)
    data = course.data(slug, store.regrades.data_version(slug))
    asking = prober(course, store, assignment, kind, probed) if probed else nullcontext(as_it_is)
    with asking as probe:
        findings, given = look(store, assignment, kind, shelf=course.archives, data=data, probe=probe)
    target = out or course.folder / f"{slug}-integrity"
    page = write_report(
        findings, assignment, target, course=course.config.title, run_kind=kind, handed_out=given
    )
    print_findings(findings, heading(assignment, kind), style)
    click.echo(f"wrote {page}", err=style != "table")
