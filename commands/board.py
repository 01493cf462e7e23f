"""Verbs that show what is known: submissions, boards, the static site."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

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
    say,
    team_option,
    train_option,
)

if TYPE_CHECKING:
    from desk.desk import Standings, Which


@click.command()
@click.argument("slug")
@format_option
@team_option
@desk_option
def submissions(slug: str, style: str, team: str | None, folder: Path | None) -> None:
    """List your team's submissions for SLUG, newest first."""
    from grader.outline import RunKind
    from leaderboard.render import print_submissions

    outline, listed = open_desk(folder).submissions(slug, team)
    print_submissions(listed, outline, style, revealed=dict.fromkeys(RunKind, True))  # else they aren't told


@click.command()
@click.argument("ref", type=int)
@click.option("--pictures", type=FOLDER, help="Write the submission's pictures (PNG) into this folder.")
@format_option
@desk_option
def show(ref: int, pictures: Path | None, style: str, folder: Path | None) -> None:
    """Show one submission: state, score, reason, log, what it used."""
    from leaderboard.render import print_submission

    desk = open_desk(folder)
    shown = desk.submission(ref)
    print_submission(shown.submission, shown.outline, style, revealed=True)  # else they aren't told
    if pictures is not None:
        write_into(pictures, {f"{ref}-{name}.png": png for name, png in desk.pictures(ref).items()})


@click.command()
@click.argument("slug")
@click.option("-s", "--show", "shown", is_flag=True, help="Print the board (the default).")
@click.option(
    "-d", "--download", is_flag=True, help="Write it to SLUG-leaderboard.csv (of train runs: -train.csv)."
)
@click.option(
    "-p", "--path", "target", type=FOLDER, default=".", help="Where to. Default: the current folder."
)
@click.option("--charts", type=FOLDER, help="Write history.svg and distribution.svg into this folder.")
@click.option("--private", is_flag=True, help="Scores on the private held-out items.")
@click.option("--as-of", "at", type=Moment(), metavar="TIME", help="The board as it was told at that time.")
@click.option("--live", is_flag=True, help="The public board as it is, even while it is frozen.")
@train_option("The board of train runs.")
@format_option
@desk_option
def leaderboard(
    slug: str,
    shown: bool,
    download: bool,
    target: Path,
    charts: Path | None,
    private: bool,
    at: datetime | None,
    live: bool,
    train: bool,
    style: str,
    folder: Path | None,
) -> None:
    """Show SLUG's leaderboard."""
    from desk.desk import Which
    from leaderboard.render import print_board

    desk = open_desk(folder)
    which = Which(slug, run_kind(train), private=private, at=at, live=live)
    found = desk.standings(which, members=download or style == "csv")
    _say_what_it_is(found, which)
    if download:
        _download(found, which, target)
    if charts is not None:
        write_into(charts, desk.charts(which))
    if shown or not (download or charts):
        print_board(found.rows, found.outline, style, run_kind=which.run_kind, private=private)


def _say_what_it_is(found: "Standings", which: "Which") -> None:
    if which.private and not found.revealed:
        say("Not revealed yet: this board is for instructors.")
    if found.frozen_at:
        say(f"Frozen as of {found.frozen_at:%d %b %Y %H:%M} UTC, until the private board is revealed.")


def _download(found: "Standings", which: "Which", target: Path) -> None:
    from leaderboard.boards import file_name
    from leaderboard.render import board_csv

    target.mkdir(parents=True, exist_ok=True)
    path = target / file_name(which.slug, which.run_kind)
    path.write_text(board_csv(found.rows), encoding="utf-8")
    click.echo(f"wrote {path}")


def write_into(target: Path, files: Mapping[str, bytes]) -> None:
    """Files by name, which must be plain: a server's word is not trusted with a path."""
    target.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = target / Path(name.replace("\\", "/")).name
        path.write_bytes(data)
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
