"""Verbs that decide: what counts, who may, since when and until when. The audit log has them all."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from commands.options import (
    FOLDER,
    Moment,
    course_option,
    format_option,
    locate,
    open_store,
    run_kind,
    team_option,
    team_or_only,
    train_option,
)

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


def all_settled(course: "Course") -> "Sequence[Assignment]":
    return [settled(course, slug) for slug in course.config.assignments]


# ---------------------------------------------------------------- students


@click.command()
@click.argument("slug")
@train_option("Those of train runs.")
@format_option
@team_option
@course_option
def limits(slug: str, train: bool, style: str, team: str | None, folder: Path | None) -> None:
    """Show how many submissions are left for SLUG, and until when."""
    from leaderboard.boards import Board
    from leaderboard.render_rules import print_quota

    course = locate(folder)
    store = open_store(course)
    board = Board(settled(course, slug), run_kind(train))
    print_quota(store.quota(team_or_only(store, team), board), style)


@click.command()
@click.argument("refs", metavar="REF...", type=int, nargs=-1, required=True)
@course_option
def select(refs: tuple[int, ...], folder: Path | None) -> None:
    """Name your final submissions to one board: these, and no others."""
    course = locate(folder)
    store = open_store(course)
    store.decisions.select(refs, settled(course, store.submission(refs[0]).assignment))
    click.echo(f"Selected: {', '.join(f'#{ref}' for ref in refs)}.")


@click.command()
@click.argument("ref", type=int)
@click.option("--undo", is_flag=True, help="Bring it back.")
@course_option
def withdraw(ref: int, undo: bool, folder: Path | None) -> None:
    """Take a submission back: a queued one at no cost, a judged one off the board."""
    course = locate(folder)
    store = open_store(course)
    state = store.decisions.withdraw(ref, settled(course, store.submission(ref).assignment), undo=undo)
    click.echo(f"#{ref} is {'back' if undo else 'withdrawn'}: {state}.")


@click.group()
def team() -> None:
    """Merge teams and look at them."""


@team.command("list")
@format_option
@course_option
def list_teams(style: str, folder: Path | None) -> None:
    """List teams with their members."""
    from leaderboard.render_rules import print_teams

    print_teams(open_store(locate(folder)).teams(), style)


@team.command()
@click.argument("into", metavar="TEAM")
@click.argument("other", metavar="OTHER")
@course_option
def merge(into: str, other: str, folder: Path | None) -> None:
    """Make OTHER a part of TEAM, with its students and submissions, where all rules allow it."""
    course = locate(folder)
    open_store(course).decisions.merge(into, other, all_settled(course))
    click.echo(f"{other} is a part of {into} now; `heldout team part` undoes it.")


@team.command()
@click.argument("other", metavar="OTHER")
@course_option
def part(other: str, folder: Path | None) -> None:
    """Undo a merge: OTHER is a team of its own again, with what it brought along."""
    course = locate(folder)
    open_store(course).decisions.part(other, all_settled(course))
    click.echo(f"{other} is a team of its own again.")


# ---------------------------------------------------------------- instructors


@click.command()
@click.argument("slug")
@click.argument("username")
@click.option("--until", type=Moment(), metavar="TIME", help="The new deadline, with its zone.")
@click.option("--undo", is_flag=True, help="Take the extension back.")
@course_option
def extend(slug: str, username: str, until: datetime | None, undo: bool, folder: Path | None) -> None:
    """Give a student, and so a team, more time for SLUG."""
    if (until is None) != undo:
        raise click.UsageError("name either --until TIME or --undo")
    course = locate(folder)
    before = open_store(course).decisions.extend(settled(course, slug), username, until)
    had = f"; it was {before:%d %b %Y %H:%M} UTC" if before else ""
    now = f"until {until:%d %b %Y %H:%M} UTC" if until else "no extension"
    click.echo(f"{username} has {now} for {slug}{had}.")


@click.command()
@click.argument("slug")
@click.argument("team")
@click.option("--reason", required=True, help="It goes into the audit log.")
@course_option
def disqualify(slug: str, team: str, reason: str, folder: Path | None) -> None:
    """Take a team off SLUG's boards, until it is reinstated."""
    course = locate(folder)
    open_store(course).decisions.disqualify(settled(course, slug), team, reason)
    click.echo(f"{team} is off the boards of {slug}; `heldout reinstate` undoes it.")


@click.command()
@click.argument("slug")
@click.argument("team")
@course_option
def reinstate(slug: str, team: str, folder: Path | None) -> None:
    """Undo a disqualification."""
    course = locate(folder)
    open_store(course).decisions.reinstate(settled(course, slug), team)
    click.echo(f"{team} is on the boards of {slug} again.")


@click.command()
@click.argument("slug")
@click.option("--undo", is_flag=True, help="Hide it again.")
@course_option
def reveal(slug: str, undo: bool, folder: Path | None) -> None:
    """Show SLUG's private boards to everybody."""
    course = locate(folder)
    open_store(course).decisions.reveal(settled(course, slug), undo=undo)
    click.echo(f"The private boards of {slug} are {'hidden again' if undo else 'revealed'}.")


@click.command()
@format_option
@course_option
def audit(style: str, folder: Path | None) -> None:
    """Show who decided what, and when."""
    from leaderboard.render_rules import print_events

    print_events(open_store(locate(folder)).decisions.events(), style)


def print_moves_of(listed: "Sequence[Assignment]", look: "Look", style: str) -> None:
    """Print who would move on each of their boards."""
    from leaderboard.render_rules import print_moves

    print_moves([moves for assignment in listed for moves in _moves(assignment, look)], style)


def _moves(assignment: "Assignment", look: "Look") -> "Iterator[Moves]":
    from grader.spec import RunKind
    from leaderboard.boards import Board
    from leaderboard.render_rules import Moves, moves

    for kind in RunKind:
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
@train_option("The board of train runs.")
@format_option
@course_option
def integrity(slug: str, out: Path | None, train: bool, style: str, folder: Path | None) -> None:
    """Compare what stands on SLUG's board: answers, code, pictures. For you to look at; never a verdict."""
    from grader import archive
    from leaderboard.boards import heading
    from leaderboard.integrity.evidence import gather, handed_out
    from leaderboard.integrity.examine import examine
    from leaderboard.integrity.render import print_findings
    from leaderboard.reading import board
    from leaderboard.web.integrity import write_report

    course = locate(folder)
    store, assignment, kind = open_store(course), settled(course, slug), run_kind(train)
    public, private = (
        board(store, assignment, run_kind=kind, private=private, live=True) for private in (False, True)
    )
    refs = sorted({row.ref for row in [*public, *private]})
    evidence = gather(store, assignment, refs, lambda sha256: archive.fetch(course.archives, sha256))
    given = handed_out(assignment, course.data(slug, store.regrades.data_version(slug)) / "public.npz")
    findings = examine(evidence, assignment, handed_out=given, repeatable=assignment.repeatable)
    target = out or course.folder / f"{slug}-integrity"
    page = write_report(
        findings, assignment, target, course=course.config.title, run_kind=kind, handed_out=given
    )
    print_findings(findings, heading(assignment, kind), style)
    click.echo(f"wrote {page}", err=style != "table")
