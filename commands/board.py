"""Verbs that show what is known: submissions, boards, the static site."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

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
from grader.errors import HeldoutError

if TYPE_CHECKING:
    from leaderboard.boards import Board
    from leaderboard.records import Row, Step


@click.command()
@click.argument("slug")
@format_option
@team_option
@course_option
def submissions(slug: str, style: str, team: str | None, folder: Path | None) -> None:
    """List your team's submissions for SLUG, newest first."""
    from grader import catalogue
    from grader.spec import RunKind
    from leaderboard.boards import Board
    from leaderboard.render import print_submissions

    course = locate(folder)
    store = open_store(course)
    assignment = course.settle(catalogue.find(slug))
    kinds = {kind: store.is_revealed(Board(assignment, kind)) for kind in RunKind}
    listed = store.submissions(slug, team_or_only(store, team))
    print_submissions(listed, assignment, style, revealed=kinds)


@click.command()
@click.argument("ref", type=int)
@click.option("--pictures", type=FOLDER, help="Write the submission's pictures (PNG) into this folder.")
@format_option
@course_option
def show(ref: int, pictures: Path | None, style: str, folder: Path | None) -> None:
    """Show one submission: state, score, reason, log, what it used."""
    from grader import catalogue
    from leaderboard.boards import Board
    from leaderboard.render import print_submission

    course = locate(folder)
    store = open_store(course)
    submission = store.submission(ref)
    assignment = course.settle(catalogue.find(submission.assignment))
    revealed = store.is_revealed(Board(assignment, submission.run_kind))
    print_submission(submission, assignment, style, revealed=revealed)
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        if submission.withheld:
            raise HeldoutError(
                f"#{ref} is no significant improvement: the pictures that stand are those of the earlier one",
                next_step=f"see `heldout submissions {submission.assignment}`",
            )
        for name, png in store.pictures(ref).items():
            (pictures / f"{ref}-{name}.png").write_bytes(png)
            click.echo(f"wrote {pictures / f'{ref}-{name}.png'}")


@click.command()
@click.argument("slug")
@click.option("--show", "shown", is_flag=True, help="Print the board (the default).")
@click.option(
    "--download", is_flag=True, help="Write the board to ./SLUG-leaderboard.csv (of train runs: -train.csv)."
)
@click.option("--charts", type=FOLDER, help="Write history.svg and distribution.svg into this folder.")
@click.option("--private", is_flag=True, help="Scores on the private held-out items.")
@click.option("--as-of", "at", type=Moment(), metavar="TIME", help="The board as it was told at that time.")
@click.option("--live", is_flag=True, help="The public board as it is, even while it is frozen.")
@train_option("The board of train runs.")
@format_option
@course_option
def leaderboard(
    slug: str,
    shown: bool,
    download: bool,
    charts: Path | None,
    private: bool,
    at: datetime | None,
    live: bool,
    train: bool,
    style: str,
    folder: Path | None,
) -> None:
    """Show SLUG's leaderboard."""
    from grader import catalogue
    from leaderboard.boards import Board, file_name
    from leaderboard.reading import board, private_board
    from leaderboard.render import board_csv, print_board

    course = locate(folder)
    assignment = course.settle(catalogue.find(slug))
    kind = run_kind(train)
    store, which = open_store(course), Board(assignment, kind)
    named = download or style == "csv"
    if private:
        rows = private_board(store, assignment, run_kind=kind, at=at, members=named)
    else:
        rows = board(store, assignment, run_kind=kind, at=at, live=live, members=named)
    if private and not store.is_revealed(which):
        click.echo("Not revealed yet: this board is for instructors.", err=True)
    frozen = None if private or live or at else store.frozen_at(which)
    if frozen:
        until = "Frozen as of {:%d %b %Y %H:%M} UTC, until the private board is revealed."
        click.echo(until.format(frozen), err=True)
    if download:
        path = Path(file_name(slug, kind))
        path.write_text(board_csv(rows), encoding="utf-8")
        click.echo(f"wrote {path}")
    if charts is not None:
        steps = store.history(which, private=private, at=at, live=live)
        _write_charts(which, rows, steps, at or frozen, charts)
    if shown or not (download or charts):
        print_board(rows, assignment, style, run_kind=kind, private=private)


def _write_charts(
    which: "Board", rows: Sequence["Row"], steps: Sequence["Step"], shown_at: datetime | None, target: Path
) -> None:
    from leaderboard.web.board import Board as Page
    from leaderboard.web.pages import write_charts

    page = Page(which.assignment, rows, which.run_kind, steps=steps, shown_at=shown_at)
    for path in write_charts(page, target):
        click.echo(f"wrote {path}")


@click.command("export-site")
@click.argument("target", metavar="DIR", type=FOLDER)
@course_option
def export_site(target: Path, folder: Path | None) -> None:
    """Write the course's boards, with pictures, as a static web site into DIR."""
    from grader import catalogue
    from leaderboard.web.pages import write_site

    course = locate(folder)
    assignments = [course.settle(catalogue.find(slug)) for slug in course.config.assignments]
    index = write_site(open_store(course), course.config.title, assignments, target)
    click.echo(f"wrote {index}")
