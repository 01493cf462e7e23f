"""Canvas's gradebook CSV. What it doesn't know by its own number, an assignment's, it makes anew."""

import re
from collections.abc import Mapping, Sequence

from grader.errors import HeldoutError
from leaderboard.grades.exports.moodle import strangers
from leaderboard.grades.exports.spreadsheet import Filled, Table, column, number, protect, some, write_table
from leaderboard.grades.records import Applied, Book
from leaderboard.names import name_key

WHO = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
POSSIBLE = "    Points Possible"  # with Canvas's own four spaces
WITH_NUMBER = re.compile(r"(?P<title>.+) \((?P<number>\d+)\)")
READ_ONLY = "(read only)"
KEPT = ("EX",)  # an excused student stays excused
TEST_STUDENT = "Student, Test"


def gradebook(book: Book) -> Filled:
    """Without Canvas's numbers: it makes an assignment of every item, so this is for a first import."""
    items = [item.name for item in book.file.policy.items]
    possible = [f"{item.points:.2f}" for item in book.file.policy.items]
    rows = [[POSSIBLE, *[""] * (len(WHO) - 1), *possible], *(_row(one, items) for one in book.students)]
    warning = "Canvas makes a new assignment of each column: fill in its own export with --into FILE instead."
    return Filled(write_table(Table([*WHO, *items], rows)), (warning,))


def _row(one: Applied, items: Sequence[str]) -> list[str]:
    first, _, last = one.pupil.name.rpartition(" ")
    name = f"{last}, {first}" if first else last
    return [protect(name), "", "", protect(one.pupil.username), "", *(points(one, item) for item in items)]


def points(one: Applied, item: str) -> str:
    event = one.grades.get(item)
    return "" if event is None or event.total is None else f"{event.total:.2f}"


def fill_gradebook(book: Book, table: Table) -> Filled:
    """Fill in what Canvas exported: its numbers stay, no column is added. Raises HeldoutError."""
    warnings = _check(book, table)
    places = _places(book, table)
    known, unknown = _by_login(book), []
    rows = [list(row) for row in table.rows]
    for row in rows[_first(table) :]:
        one = _find(row, table, known)
        if one is not None:
            _fill(row, one, places)
        elif row[0] != TEST_STUDENT:
            unknown.append(row[0])
        row[0] = protect(row[0])
    found = {one.pupil.username for row in table.rows if (one := _find(row, table, known))}
    left = {one.pupil.username: one for one in book.students if one.pupil.username not in found}
    text = write_table(Table(table.header, rows, table.delimiter))
    return Filled(text, (*warnings, *strangers(unknown, left)))


def _fill(row: list[str], one: Applied, places: Mapping[int, str]) -> None:
    for place, item in places.items():
        if row[place].strip().upper() not in KEPT:
            row[place] = points(one, item) or row[place]


def _first(table: Table) -> int:
    """Where students begin: below the points that are possible, and what may be above those."""
    rows = [number for number, row in enumerate(table.rows) if row[0].strip().startswith(POSSIBLE.strip())]
    return rows[0] + 1 if rows else 0


def _places(book: Book, table: Table) -> Mapping[int, str]:
    """Columns of items, by the name before Canvas's number; those it calculates are not written to."""
    names = {name_key(item.name): item.name for item in book.file.policy.items}
    possible = table.rows[_first(table) - 1] if _first(table) else [""] * len(table.header)
    found = {}
    for place, head in enumerate(table.header):
        match = WITH_NUMBER.fullmatch(head.strip())
        if match and (name := names.get(name_key(match["title"]))) and possible[place].strip() != READ_ONLY:
            found[place] = name
    return found


def _check(book: Book, table: Table) -> list[str]:
    places = _places(book, table)
    if not places or table.header[0] not in ("Student", "LastName"):
        raise HeldoutError(
            "the file has no column for any item",
            expected="an export of Canvas's gradebook, with a column NAME (NUMBER) for an item",
            next_step="make an assignment of that name in Canvas; then Grades, Export",
        )
    if len(set(places.values())) < len(places):
        raise HeldoutError("two columns of the file are one item's", expected="one column for each")
    absent = [item.name for item in book.file.policy.items if item.name not in places.values()]
    warnings = [f"Not in the file, and left out: {some(absent)}."] if absent else []
    first = _first(table)
    for place, name in places.items():
        item = book.file.policy.item(name)
        most = number(table.rows[first - 1][place]) if first else None
        if item is not None and most is not None and most != item.points:
            warnings.append(f"{name} has {most:g} possible points in Canvas, and {item.points:g} here.")
    return warnings


def _by_login(book: Book) -> Mapping[str, Applied]:
    found = {one.pupil.email.casefold(): one for one in book.students}
    return found | {one.pupil.username.casefold(): one for one in book.students}


def _find(row: Sequence[str], table: Table, known: Mapping[str, Applied]) -> Applied | None:
    """By log-in or the student system's number; names are no proof of who it is."""
    for head in ("SIS Login ID", "SIS User ID"):
        place = column(table, head)
        if place is not None and (one := known.get(row[place].strip().casefold())) is not None:
            return one
    return None
