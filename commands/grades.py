"""Verbs of the gradebook: look at a policy before it is applied, apply it, explain it, hand grades on."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import Verb, course_option, format_option, locate, open_store, say
from grader.errors import HeldoutError

if TYPE_CHECKING:
    from leaderboard.grades.policy_file import PolicyFile
    from leaderboard.grades.records import Book, Entry
    from leaderboard.grades.sheets import Sheet
    from leaderboard.store import Store

FILE = click.Path(path_type=Path, dir_okay=False)
FORMATS = ("csv", "parquet", "moodle", "moodle-worksheet", "canvas", "nbgrader")


def policy_option(verb: Verb) -> Verb:
    return click.option(
        "--policy",
        "path",
        type=FILE,
        metavar="FILE",
        help="The policy. Default: grades.toml in the course folder.",
    )(verb)


@click.group()
def grades() -> None:
    """From scores to points, by a policy."""


@grades.command()
@policy_option
@click.option("--picture", type=FILE, metavar="FILE.svg", help="Draw the distribution, too.")
@format_option
@course_option
def preview(path: Path | None, picture: Path | None, style: str, folder: Path | None) -> None:
    """Show the class under a policy, and what would change; nothing is applied."""
    from leaderboard.grades.picture import draw
    from leaderboard.grades.render import percents, print_class

    store, file = _open(folder, path)
    sheets = _sheets(store, file)
    print_class(sheets, store.grades.applied(), style)
    if picture is not None:
        title = file.policy.title or "Grades"
        picture.write_text(draw(percents(sheets), file.policy.letters, title), encoding="utf-8")
        click.echo(f"wrote {picture}", err=style != "table")


@grades.command()
@policy_option
@course_option
def apply(path: Path | None, folder: Path | None) -> None:
    """Make what `preview` shows the grades. What they were before stays in the history."""
    from leaderboard.grades.render import say_run

    store, file = _open(folder, path)
    _look_for_ties(store, file)
    click.echo(say_run(store.grades.apply(file, store.notebooks)))


@grades.command()
@click.argument("student")
@policy_option
@format_option
@course_option
def explain(student: str, path: Path | None, style: str, folder: Path | None) -> None:
    """Show every step of STUDENT's grades: a username or an e-mail address."""
    from leaderboard.grades.render import print_sheet

    store, file = _open(folder, path)
    print_sheet(_of(_sheets(store, file), student), style)


@grades.command()
@click.argument("words", metavar="[ITEM STUDENT [POINTS]]", nargs=-1)
@click.option("-m", "why", required=True, metavar="WHY", help="Why; for instructors alone.")
@click.option(
    "--from", "source", type=FILE, metavar="FILE", help="Many: a CSV file with item, student, points."
)
@click.option("--undo", is_flag=True, help="Take back what was entered.")
@policy_option
@course_option
def enter(
    words: tuple[str, ...], why: str, source: Path | None, undo: bool, path: Path | None, folder: Path | None
) -> None:
    """Enter points: an item's own, or in place of computed ones, until taken back.

    They count from the next `heldout grades apply` on. In a FILE, no points takes back.
    """
    if (source is None) == (not words) or (words and len(words) != 3 - undo) or (source and undo):
        raise click.UsageError("name ITEM STUDENT POINTS; or ITEM STUDENT --undo; or --from FILE")
    store, file = _open(folder, path)
    entries = _entries(source) if source else [_entry(words)]
    changed = store.grades.enter(file, entries, why)
    click.echo(f"{changed} of {len(entries)} entered; `heldout grades apply` makes them count.")


@grades.command()
@click.argument("student")
@format_option
@course_option
def history(student: str, style: str, folder: Path | None) -> None:
    """Show all that was ever applied and entered for STUDENT."""
    from leaderboard.grades.render import print_history

    print_history(open_store(locate(folder)).grades.history(student), style)


@grades.command()
@click.option(
    "--format", "kind", type=click.Choice(FORMATS), default="csv", show_default=True, help="For whom."
)
@click.option(
    "-o", "target", type=FILE, metavar="FILE", help="Where to. Default: what is text, to standard output."
)
@click.option("--into", type=FILE, metavar="FILE", help="Fill in this file, which Moodle or Canvas exported.")
@click.option("--item", metavar="NAME", help="Whose worksheet it is.")
@course_option
def export(kind: str, target: Path | None, into: Path | None, item: str | None, folder: Path | None) -> None:
    """Write the grades that are applied for other programs."""
    if (kind == "moodle-worksheet") != (item is not None):
        raise click.UsageError("--item NAME belongs to --format moodle-worksheet, and is needed there")
    if into is not None and kind not in ("moodle", "moodle-worksheet", "canvas"):
        raise click.UsageError(f"--into is of Moodle's and Canvas's files, not of {kind}")
    book = _book(open_store(locate(folder)))
    if book.hidden:
        say(f"Not revealed yet, and told by these points: {', '.join(sorted(book.hidden))}.")
    if kind == "nbgrader":
        from leaderboard.grades.exports.mirror import write_mirror

        click.echo(f"wrote {write_mirror(book, target or Path('gradebook.db'))}")
    elif kind == "parquet":
        from leaderboard.grades.exports.plain import parquet

        _write(parquet(book), target or Path("grades.parquet"))
    else:
        _write(_text(book, kind, into, item).encode("utf-8"), target)


# ---------------------------------------------------------------- parts


def _open(folder: Path | None, path: Path | None) -> "tuple[Store, PolicyFile]":
    from leaderboard.grades.policy_file import FILE as NAME
    from leaderboard.grades.policy_file import read_policy

    course = locate(folder)
    store, own = open_store(course), course.folder / NAME
    if path is None and not own.exists() and (applied := store.grades.policy()) is not None:
        say(f"There is no {NAME}: this is the {applied.where}.")
        return store, applied
    return store, read_policy(path or own)


def _sheets(store: "Store", file: "PolicyFile") -> "list[Sheet]":
    _look_for_ties(store, file)
    if closed := store.grades.closed(file):
        say(f"Nothing comes in late for {', '.join(closed)}: course.toml has no late_until there.")
    return store.grades.preview(file, store.notebooks)


def _look_for_ties(store: "Store", file: "PolicyFile") -> None:
    """Where points depend on ranks: those are of groups that can't be told apart."""
    for board in store.grades.ranked(file):
        store.refresh(board)


def _of(sheets: "Sequence[Sheet]", student: str) -> "Sheet":
    from leaderboard.names import name_key

    key, mail = name_key(student), student.strip().casefold()
    for sheet in sheets:
        if key == name_key(sheet.pupil.username) or mail == sheet.pupil.email.casefold():
            return sheet
    raise HeldoutError(
        f"there is no student {student[:100]!r}",
        expected="a username or an e-mail address",
        next_step="see `heldout roster list`",
    )


def _book(store: "Store") -> "Book":
    if (book := store.grades.applied()) is None:
        raise HeldoutError(
            "no grades are applied yet",
            expected="what is exported to be final",
            next_step="heldout grades apply",
        )
    return book


def _entry(words: Sequence[str]) -> "Entry":
    from leaderboard.grades.records import Entry

    item, student, *points = words
    return Entry(item, student, _number(points[0], f"POINTS for {item}") if points else None)


def _entries(source: Path) -> "list[Entry]":
    from leaderboard.grades.exports.spreadsheet import column, read_table, restore
    from leaderboard.grades.records import Entry

    found = read_table(source)
    places = [column(found, head) for head in ("item", "student", "points")]
    if None in places or not found.rows:
        raise HeldoutError(
            f"{source.name} has no {'lines' if None not in places else 'header with item, student, points'}",
            expected="a CSV file with the columns item, student and points",
        )
    item, student, points = (place or 0 for place in places)
    return [
        Entry(
            restore(row[item]),
            restore(row[student]),
            _number(row[points], f"{source.name}, row {number}") if row[points].strip() else None,
        )
        for number, row in enumerate(found.rows, start=2)
    ]


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise HeldoutError(f"{text!r} is no number", where=where, expected="points, 12.5 say") from error


def _text(book: "Book", kind: str, into: Path | None, item: str | None) -> str:
    """Of a format that is text; what a person should know goes to standard error."""
    from leaderboard.grades.exports import canvas, moodle
    from leaderboard.grades.exports.spreadsheet import read_table

    if kind == "csv":
        from leaderboard.grades.exports.plain import csv_text

        return csv_text(book)
    if kind == "moodle-worksheet":
        if into is None:
            raise click.UsageError(
                "--into FILE is needed: only Moodle's own worksheet has its students' numbers"
            )
        filled = moodle.fill_worksheet(book, _item(book, item or ""), read_table(into))
    elif kind == "moodle":
        filled = moodle.fill_gradebook(book, read_table(into)) if into else moodle.gradebook(book)
    else:
        filled = canvas.fill_gradebook(book, read_table(into)) if into else canvas.gradebook(book)
    for warning in filled.warnings:
        say(warning)
    return filled.text


def _item(book: "Book", name: str) -> str:
    if (item := book.file.policy.item(name)) is None:
        raise HeldoutError(
            f"the policy has no item {name[:100]!r}",
            where=book.file.where,
            expected=f"one of: {', '.join(one.name for one in book.file.policy.items)}",
        )
    return item.name


def _write(data: bytes, target: Path | None) -> None:
    """Into a file that its owner alone may read, or to standard output."""
    if target is None:
        click.echo(data, nl=False)
        return
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    click.echo(f"wrote {target}")
