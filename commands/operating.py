"""Verbs that run the queue: how it stands, pausing it, and sending graders home."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import course_option, format_option, locate, open_store
from grader.errors import HeldoutError

if TYPE_CHECKING:
    from grader.course import Course


@click.command()
@click.option("--teams", is_flag=True, help="What each team's gradings used, the largest first.")
@click.option("--graders", is_flag=True, help="Who grades, and what.")
@click.option("--assignment", "slug", metavar="SLUG", help="With --teams: of one assignment.")
@format_option
@course_option
def status(teams: bool, graders: bool, slug: str | None, style: str, folder: Path | None) -> None:
    """Show the queue: what waits and runs, who grades, how fast."""
    from leaderboard.render_operations import print_graders, print_spent, print_status

    course = locate(folder)
    store = open_store(course)
    if teams:
        print_spent(store.operations.spent(_known(course, slug) if slug else None), style)
    elif graders and style != "table":
        print_graders(store.graders(), style)
    else:
        print_status(store.tally(), store.now(), style)


@click.command()
@click.argument("slug", required=False)
@click.option("-m", "reason", default="", help="Why: for the audit log, and `status`.")
@course_option
def pause(slug: str | None, reason: str, folder: Path | None) -> None:
    """Grade nothing more of SLUG, or nothing at all; submissions are received.

    What runs comes to its end.
    """
    course = locate(folder)
    open_store(course).operations.pause(_known(course, slug) if slug else "", reason)
    click.echo(f"Paused: {slug or 'the whole queue'}. What runs comes to its end; submissions are received.")


@click.command()
@click.argument("slug", required=False)
@course_option
def resume(slug: str | None, folder: Path | None) -> None:
    """Undo `pause`."""
    course = locate(folder)
    store = open_store(course)
    store.operations.resume(_known(course, slug) if slug else "")
    click.echo(f"Resumed: {slug or 'the whole queue'}.")
    if left := [pause.assignment or "the whole queue" for pause in store.operations.pauses()]:
        click.echo(f"Still paused: {', '.join(left)}.")


@click.command()
@click.argument("grader")
@click.option("--undo", is_flag=True, help="Let it go on.")
@course_option
def drain(grader: str, undo: bool, folder: Path | None) -> None:
    """Send a GRADER home: it ends what it began, gets nothing more, and stops.

    `heldout status` has their names. That of `heldout serve` is not started again before the server is.
    """
    open_store(locate(folder)).operations.drain(grader, undo=undo)
    click.echo(f"{grader} goes on." if undo else f"{grader} ends what it began, then stops.")


def _known(course: "Course", slug: str) -> str:
    if slug not in course.config.assignments:
        raise HeldoutError(
            f"the course has no assignment {slug!r}",
            expected=f"one of: {', '.join(course.config.assignments)}",
        )
    return slug
