"""Moodle's two files: the gradebook's CSV, and an assignment's offline grading worksheet.

Grade and feedback go together: an import of one alone loses the other. In its gradebook Moodle knows students
by e-mail, in a worksheet by its own numbers: a worksheet is always filled in, never made.
"""

import re
from collections.abc import Mapping, Sequence

from grader.errors import HeldoutError
from leaderboard.grades.exports.spreadsheet import Filled, Table, column, number, protect, some, write_table
from leaderboard.grades.policy import TOTAL
from leaderboard.grades.records import Applied, Book, GradeEvent
from leaderboard.names import name_key

WHO = ("First name", "Last name", "Username", "Email address")
GRADE, FEEDBACK = "Real", "Feedback"  # what Moodle puts behind an item's name
HEAD = re.compile(rf"(?:[^:]+:\s*)?(?P<name>.+?)\s*\((?P<kind>{GRADE}|{FEEDBACK})\)")
IDENTIFIER, WORK_GRADE, MOST, OPEN = "Identifier", "Grade", "Maximum Grade", "Grade can be changed"
MODIFIED, COMMENTS = "Last modified (grade)", "Feedback comments"
READ_BACK = (IDENTIFIER, WORK_GRADE, MODIFIED, COMMENTS)  # all else Moodle ignores


def gradebook(book: Book) -> Filled:
    """For Grades, Import, CSV file: map Email address, and an item's two columns to one of Moodle's."""
    items = [*(item.name for item in book.file.policy.items), TOTAL]
    header = [*WHO, *(f"{item} ({kind})" for item in items for kind in (GRADE, FEEDBACK))]
    return Filled(write_table(Table(header, [_row(one, items) for one in book.students])))


def _row(one: Applied, items: Sequence[str]) -> list[str]:
    first, _, last = one.pupil.name.rpartition(" ")
    who = [protect(text) for text in (first, last, one.pupil.username, one.pupil.email)]
    return who + [cell for item in items for cell in _cells(event_of(one, item))]


def event_of(one: Applied, item: str) -> GradeEvent | None:
    return one.total if item == TOTAL else one.grades.get(item)


def _cells(event: GradeEvent | None) -> tuple[str, str]:
    if event is None or event.total is None:
        return "", ""
    return f"{event.total:.2f}", protect(event.feedback)


def fill_gradebook(book: Book, table: Table) -> Filled:
    """Fill in what Moodle exported, feedback included; all else stays as it was. Raises HeldoutError."""
    mail = column(table, "Email address")
    places = _places(book, table)
    if mail is None or not places:
        raise HeldoutError(
            "the file has no column for " + ("students' e-mail addresses" if mail is None else "any item"),
            expected="an export of Moodle's gradebook with Email address and, for an item, NAME (Real) and "
            "NAME (Feedback)",
            next_step="in Moodle: Grades, Export, Plain text file, Include feedback in export",
        )
    known, unknown = by_email(book), []
    rows = [list(row) for row in table.rows]
    for row in rows:
        if (one := known.pop(row[mail].strip().casefold(), None)) is None:
            unknown.append(row[mail])
        else:
            _fill(row, one, places)
        _protect_names(row, table)
    warnings = [*_lacking(book, places), *strangers(unknown, known)]
    return Filled(write_table(Table(table.header, rows, table.delimiter)), tuple(warnings))


def _fill(row: list[str], one: Applied, places: Mapping[int, tuple[str, str]]) -> None:
    for place, (item, kind) in places.items():
        grade, feedback = _cells(event_of(one, item))
        if grade:
            row[place] = grade if kind == GRADE else feedback


def _protect_names(row: list[str], table: Table) -> None:
    for head in ("First name", "Last name", "Surname"):
        if (place := column(table, head)) is not None:
            row[place] = protect(row[place])


def _places(book: Book, table: Table) -> Mapping[int, tuple[str, str]]:
    """Columns that are an item's: its name, and whether grade or feedback."""
    names = {name_key(item.name): item.name for item in book.file.policy.items}
    found = {}
    for place, head in enumerate(table.header):
        match = HEAD.fullmatch(head.strip())
        if match and (name := names.get(name_key(match["name"]))):
            found[place] = (name, match["kind"])
    return found


def _lacking(book: Book, places: Mapping[int, tuple[str, str]]) -> list[str]:
    """Half a pair is refused: Moodle would lose the other half."""
    found = set(places.values())
    for item, kind in found:
        other = FEEDBACK if kind == GRADE else GRADE
        if (item, other) not in found:
            raise HeldoutError(
                f"the file has {item} ({kind}) without {item} ({other})",
                expected="both: Moodle loses the one that is not imported",
                next_step="export again with Include feedback in export",
            )
    absent = [item.name for item in book.file.policy.items if (item.name, GRADE) not in found]
    return [f"Not in the file, and left out: {some(absent)}."] if absent else []


def by_email(book: Book) -> dict[str, Applied]:
    return {one.pupil.email.casefold(): one for one in book.students}


def strangers(unknown: Sequence[str], left: Mapping[str, Applied]) -> list[str]:
    """Who is on one side only."""
    warnings = []
    if unknown:
        warnings.append(f"Not in this course, and left as they were: {some(unknown)}.")
    if left:
        warnings.append(f"Not in the file: {some(sorted(one.pupil.username for one in left.values()))}.")
    return warnings


# ---------------------------------------------------------------- the worksheet


def fill_worksheet(book: Book, item: str, table: Table) -> Filled:
    """One item's grades and feedback in the worksheet that Moodle gave out. Raises HeldoutError."""
    absent = [
        head
        for head in (IDENTIFIER, "Email address", WORK_GRADE, MODIFIED, COMMENTS)
        if column(table, head) is None
    ]
    if absent:
        raise HeldoutError(
            f"the file has no column {some(absent)}",
            expected="a worksheet of an assignment with feedback comments, not graded blind",
            next_step="in Moodle: the assignment, Submissions, Download grading worksheet",
        )
    known, sheet = by_email(book), _Worksheet(table, item)
    rows = [list(row) for row in table.rows]
    for row in rows:
        sheet.fill(row, known.pop(sheet.cell(row, "Email address").casefold(), None))
    text = write_table(Table(table.header, rows, table.delimiter))
    return Filled(text, (*sheet.warnings(), *strangers(sheet.unknown, known)))


class _Worksheet:
    """The rows of a worksheet as they are filled, and what was odd about them."""

    def __init__(self, table: Table, item: str) -> None:
        self._table, self._item = table, item
        self.unknown: list[str] = []
        self._locked: list[str] = []
        self._above: list[str] = []

    def cell(self, row: Sequence[str], head: str) -> str:
        place = column(self._table, head)
        return "" if place is None else row[place].strip()

    def fill(self, row: list[str], one: Applied | None) -> None:
        event = one.grades.get(self._item) if one else None
        email = self.cell(row, "Email address")
        if one is None:
            self.unknown.append(email)
        elif self.cell(row, OPEN).casefold() == "no":
            self._locked.append(email)
        elif event is not None and event.total is not None:
            self._write(row, event, email)
        for place, head in enumerate(self._table.header):
            if head.strip() not in READ_BACK:
                row[place] = protect(row[place])

    def _write(self, row: list[str], event: GradeEvent, email: str) -> None:
        shown = self.cell(row, MOST)
        most = number(shown)
        if most is not None and event.possible is not None and most != event.possible:
            raise HeldoutError(
                f"the worksheet is of {most:g} points, and {self._item} of {event.possible:g}",
                expected="the same number on both sides",
                next_step="set the assignment's maximum grade in Moodle, or the item's points in the policy",
            )
        if most is not None and (event.total or 0.0) > most:
            self._above.append(email)
        grade, comments = _cells(event)
        row[column(self._table, WORK_GRADE) or 0] = grade.replace(".", ",") if "," in shown else grade
        row[column(self._table, COMMENTS) or 0] = comments

    def warnings(self) -> list[str]:
        found = []
        if self._locked:
            found.append(f"Moodle lets nobody change the grade of {some(self._locked)}: left as it was.")
        if self._above:
            found.append(f"Above the maximum, which Moodle skips without a word: {some(self._above)}.")
        return found
