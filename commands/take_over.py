"""Another's course becomes ours: `heldout notebooks import`, in steps that may be repeated."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from commands.options import open_store, say
from grader import catalogue, prepared
from grader import course as courses
from grader.course import Course, Settings
from grader.errors import HeldoutError
from grader.notebook.nbgrader_course import Found, Given, HandedIn, Pupil, read_course, write_assignment
from grader.notebook.pack import pack_notebook
from grader.notebook.source import read_source
from grader.outline import MB, RunKind
from grader.rules import Rules
from leaderboard.names import name_key
from leaderboard.receive import receive
from leaderboard.records import Student
from leaderboard.store import Store

OPEN = Rules(daily=None, pending=None)  # what was handed in elsewhere was within that course's limits


def take_over(course: Course, source: Path) -> None:
    found = read_course(source)
    found = _gradable(found)
    for one in found.sources:
        write_assignment(one, catalogue.HOME)
    course = _with_assignments(course, [one.slug for one in found.sources])
    with open_store(course) as store:
        students = [_student(one, found.pupils) for one in found.pupils]
        change = store.import_roster(students) if students else None
        received = _receive(store, course, found.handed_in)
        given = _give(store, found.given)
    _tell(found, change.new if change else 0, received, given)


def _gradable(found: Found) -> Found:
    """Without the notebooks that can't be graded by, which are told. Raises HeldoutError if none is left."""
    left, errors = [], []
    for one in found.sources:
        try:
            read_source(one.path, rubrics=False)  # a list that was no rubric there
            left.append(one)
        except HeldoutError as error:
            errors.append(error)
    if not left:
        raise errors[0]
    for each in errors:
        say(f"Left out: {each.where}.")
    return replace(
        found,
        sources=tuple(left),
        handed_in=tuple(one for one in found.handed_in if one.source in left),
        given=tuple(one for one in found.given if one.source in left),
    )


def _with_assignments(course: Course, slugs: Sequence[str]) -> Course:
    added = {slug: Settings(rules=OPEN) for slug in slugs if slug not in course.config.assignments}
    extended = courses.extend(course, added)
    for slug in slugs:
        prepared.prepare(extended, catalogue.find(slug))
    courses.save(course, added)
    return extended


def _student(one: Pupil, everybody: Sequence[Pupil]) -> Student:
    """A team of their own, called by their name where nobody else has it."""
    alone = sum(name_key(each.name) == name_key(one.name) for each in everybody) == 1
    return Student(one.name, one.email, one.id, one.name if alone else f"{one.name} ({one.id})")


def _teams(store: Store) -> dict[str, str]:
    return {name: team.name for team in store.teams() for name in team.members}


def _receive(store: Store, course: Course, handed_in: Sequence[HandedIn]) -> int:
    """How many are new. What can't be read as a notebook is told, and left out."""
    teams, count = _teams(store), 0
    for one in handed_in:
        assignment = course.settle(catalogue.find(one.source.slug))
        try:
            archive = pack_notebook(one.path, limit=64 * MB)
            receipt = receive(
                store,
                course.archives,
                archive,
                team=teams[one.student],
                assignment=assignment,
                description="taken over from nbgrader",
                run_kind=RunKind.NOTEBOOK,
                arrived=one.at,
            )
            count += not receipt.duplicate
        except HeldoutError as error:
            say(f"{one.path}: {error.what}")
    return count


def _give(store: Store, given: Sequence[Given]) -> int:
    """Points by hand, for notebooks that are graded and have none yet for that cell."""
    teams, count = _teams(store), 0
    latest = {
        (slug, one.team): one.ref
        for slug in {each.source.slug for each in given}
        for one in store.notebooks.points(slug)
    }
    for each in given:
        ref = latest.get((each.source.slug, teams.get(each.student, "")))
        cells = {one.result.id: one for one in store.notebooks.cells(ref)} if ref else {}
        cell = cells.get(each.cell)
        if ref and cell and cell.mark is None:
            _mark(store, ref, each, cell.result.possible)
            count += 1
    return count


def _mark(store: Store, ref: int, each: Given, possible: float) -> None:
    """With extra credit there may be more than the cell has, or less than none."""
    points = min(max(each.points, 0.0), possible)
    if points != each.points:
        say(f"{each.student}, {each.cell}: {each.points:g} points there, {points:g} of {possible:g} here.")
    store.notebooks.mark(ref, each.cell, points, each.comment)


def _tell(found: Found, students: int, received: int, given: int) -> None:
    for remark in found.remarks:
        say(f"Note: {remark}.")
    click.echo(f"{len(found.sources)} notebooks: {', '.join(one.slug for one in found.sources)}")
    click.echo(f"{students} new students, {received} new submissions, points for {given} cells.")
    if received:
        click.echo("Next: `heldout grade`, then the same command again for what was given by hand.")
