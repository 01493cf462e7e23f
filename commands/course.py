"""Verbs of the instructor: the course folder and its roster."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import FOLDER, course_option, locate, open_store
from grader.errors import HeldoutError

if TYPE_CHECKING:
    from grader.course import Course


@click.group()
def course() -> None:
    """Make and look after a course folder."""


@course.command("init")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--title", default="Deep learning", show_default=True, help="The course's name on every page.")
@click.option("--assignment", "slugs", multiple=True, metavar="SLUG", help="One of several. Default: all.")
@click.option("--data", type=FOLDER, help="The data set's folder, where it isn't in one of the usual places.")
@click.option(
    "--items", type=click.IntRange(min=1), help="Held-out items per assignment, for a small course."
)
def init(folder: Path, title: str, slugs: tuple[str, ...], data: Path | None, items: int | None) -> None:
    """Make DIR a course: settings, secret seed, data, database.

    Run again, it completes what is missing, and adds what --assignment names.
    """
    from grader import catalogue, prepared
    from grader import course as courses
    from leaderboard.store import Store

    asked = [catalogue.find(slug).slug for slug in slugs]
    added: dict[str, courses.Settings] = {}
    fresh = not (folder / courses.CONFIG).is_file()
    if fresh:
        settings = {slug: courses.Settings(items=items) for slug in asked or catalogue.slugs()}
        config = courses.Config(title=title, data=data, assignments=settings)
        prepared.check_sizes(config, map(catalogue.find, settings))
        made = courses.init(folder, config)
        click.echo(f"Made the course folder {folder}.")
    else:
        known = courses.open_course(folder)
        own = courses.Settings(items=items, data=data.resolve() if data else None)
        added = {slug: own for slug in asked if slug not in known.config.assignments}
        made = courses.extend(known, added)
        prepared.check_sizes(made.config, map(catalogue.find, made.config.assignments))
        told = f"added: {', '.join(added)}" if added else "its settings stay as they are"
        click.echo(f"{folder} is a course already; {told}.")
    try:
        with Store.create(made.database) as store:
            for slug in made.config.assignments:
                _prepare(made, slug, store.regrades.data_version(slug))
        courses.save(made, added)  # last, like a fresh course's: other options may be tried anew until then
    except HeldoutError:
        if fresh:  # so that the same command, with other options or after an install, starts anew
            shutil.rmtree(folder)
        raise


def _prepare(course: "Course", slug: str, live: int) -> None:
    """The data that everything is judged on, too, where a regrade has drawn them anew."""
    from grader import catalogue, prepared

    assignment = catalogue.find(slug)
    drawn = prepared.prepare(course, assignment)
    click.echo(f"{slug}: data {'drawn by the secret seed' if drawn else 'already there'}.")
    if live > 1:
        drawn = prepared.prepare(course, assignment, live)
        said = "drawn by the secret seed, under the settings of today" if drawn else "already there"
        click.echo(f"{slug}: version {live} of the data {said}.")


@click.group()
def roster() -> None:
    """The course's students and teams."""


@roster.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@course_option
def import_(file: Path, folder: Path | None) -> None:
    """Add the students of a CSV file with the columns name, email and, if you like, team and username."""
    from leaderboard.plain import one_line
    from leaderboard.roster import read_roster

    if not file.is_file():
        raise HeldoutError(f"there is no file {file}", expected="a CSV file with the columns name and email")
    students = read_roster(file)
    change = open_store(locate(folder)).import_roster(students)
    said = [f"{change.new} new", f"{change.unchanged} already there"]
    said += [f"{change.changed} corrected"] if change.changed else []
    click.echo(f"{len(students)} student{'s' * (len(students) != 1)}: {', '.join(said)}.")
    for wanted, given in change.replaced.items():
        click.echo(f"The username {one_line(wanted)} is somebody else's already: it became {given}.")
    if change.unlisted:
        names = ", ".join(repr(one_line(name)) for name in change.unlisted)
        click.echo(f"In the course, not in {file.name}, and staying there: {names}.")
