"""Reads a class list: a CSV file as Excel, Moodle or a text editor writes it."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.errors import HeldoutError
from leaderboard.names import clean_name, name_key
from leaderboard.records import Student

REQUIRED = ("name", "email")
COLUMNS = (*REQUIRED, "team", "username")
LONGEST_EMAIL = 254  # RFC 5321
EMAIL = re.compile(r"[^@\s,;:<>()\"\\\[\]]+@[^@\s,;:<>()\"\\\[\]]+\.[^@\s,;:<>()\"\\\[\].]{2,}")

Line = tuple[int, Mapping[str, str]]  # number in the file, cells by column


def read_roster(path: Path) -> list[Student]:
    """Read the students of a CSV file with the columns name and email, optionally team and username.

    UTF-8 with or without a byte-order mark; separated by commas, semicolons or tabs.
    Raises HeldoutError, with the line, on the first thing that is missing, malformed or ambiguous.
    """
    lines = list(_lines(path))
    if not lines:
        raise HeldoutError(f"{path.name} lists no students", expected="a line for each, below the header")
    students: list[Student] = []
    emails: dict[str, int] = {}
    taken = {name_key(cells["username"]) for _, cells in lines if cells.get("username")}
    for number, cells in lines:
        where = f"{path.name}, line {number}"
        email = check_email(cells["email"], where)
        _check_new(email, emails, number, where)
        students.append(_student(cells, email, taken, where))
    _check_teams(students, [number for number, _ in lines], path, named="team" in lines[0][1])
    _check_usernames(students, [number for number, _ in lines], path)
    return students


def _lines(path: Path) -> Iterator[Line]:
    text = _text(path)
    separator = max(",;\t", key=text.split("\n", 1)[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header = _header(next(reader), path)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, _cells(row, header, f"{path.name}, line {reader.line_num}")
    except csv.Error as error:
        raise HeldoutError(
            f"the line can't be read: {error}",
            where=f"{path.name}, line {reader.line_num + 1}",
            expected=f"{len(header)} cells: {', '.join(header)}",
            next_step="look for a double quote that is never closed",
        ) from error


def _cells(row: list[str], header: list[str], where: str) -> Mapping[str, str]:
    cells = [cell.strip() for cell in row]
    if any(cells[len(header) :]):
        raise HeldoutError(
            f"the line has {len(cells)} cells",
            where=where,
            expected=f"{len(header)}: {', '.join(header)}",
            next_step="put a name that holds a separator between double quotes",
        )
    return dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=False))


def _text(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise HeldoutError(
            f"{path} can't be read: {error.strerror}", expected="a CSV file with the columns name and email"
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise HeldoutError(
            f"{path.name} is not UTF-8",
            where=f"{path.name}, line {line}, byte {error.object[error.start]:#04x}",
            expected="a CSV file in UTF-8",
            next_step="in Excel: Save As, “CSV UTF-8 (Comma delimited)”",
        ) from error
    if not text.strip():
        raise HeldoutError(
            f"{path.name} is empty", expected="a header line with name and email, then students"
        )
    return text.replace("\x00", "\ufffd")


def _header(cells: list[str], path: Path) -> list[str]:
    header = [re.sub(r"[\s_-]", "", cell).casefold() for cell in cells]
    missing = [column for column in REQUIRED if column not in header]
    if missing:
        raise HeldoutError(
            f"the column {' and '.join(missing)} is missing",
            where=f"{path.name}, line 1, which has: {', '.join(cell.strip() for cell in cells)}",
            expected=f"a header line with {', '.join(REQUIRED)} and, if you like, team, username",
            next_step="rename the columns in the first line",
        )
    double = [column for column in COLUMNS if header.count(column) > 1]
    if double:
        raise HeldoutError(
            f"the column {double[0]} is there twice",
            where=f"{path.name}, line 1",
            expected="each column once",
            next_step="delete or rename one",
        )
    return header


def check_email(email: str, where: str) -> str:
    """Return it. Raises HeldoutError when it is none."""
    if not EMAIL.fullmatch(email) or len(email) > LONGEST_EMAIL or not email.isprintable():
        raise HeldoutError(
            f"{email[:60]!r} is not an e-mail address" if email else "the e-mail is empty",
            where=where,
            expected="something like ada@example.org",
            next_step="correct it",
        )
    return email


def _check_new(email: str, seen: dict[str, int], number: int, where: str) -> None:
    earlier = seen.setdefault(email.casefold(), number)
    if earlier != number:
        raise HeldoutError(
            f"the e-mail {email} is there twice",
            where=f"{where}, and line {earlier}",
            expected="one line for each student",
            next_step="delete one of the two",
        )


def _student(cells: Mapping[str, str], email: str, taken: set[str], where: str) -> Student:
    name = clean_name(cells["name"], what="the name", where=where)
    team = clean_name(cells.get("team") or name, what="the team's name", where=where)
    if given := cells.get("username"):
        return Student(name, email, clean_name(given, what="the username", where=where), team)
    return Student(name, email, free_username(email, taken), team)


def free_username(email: str, taken: set[str]) -> str:
    """The e-mail's local part, with a number where that is taken; the result joins `taken`."""
    stem = name_key(email.split("@")[0])[:90] or "student"
    username, number = stem, 1
    while username in taken:
        number += 1
        username = f"{stem}{number}"
    taken.add(username)
    return username


def _check_teams(students: list[Student], numbers: list[int], path: Path, *, named: bool) -> None:
    """Without a team column, each student is a team: two of one name would share it unasked."""
    seen: dict[str, int] = {}
    for student, number in zip(students, numbers, strict=True):
        own = name_key(student.team) == name_key(student.name)
        earlier = seen.setdefault(name_key(student.name), number) if own else number
        if earlier != number:
            raise HeldoutError(
                f"two students are called {student.name}, and a team is called by its student's name",
                where=f"{path.name}, lines {earlier} and {number}",
                expected="teams that can be told apart",
                next_step="give each a team of its own in the column team"
                if named
                else "add a column team that tells them apart",
            )


def _check_usernames(students: list[Student], numbers: list[int], path: Path) -> None:
    seen: dict[str, int] = {}
    for student, number in zip(students, numbers, strict=True):
        earlier = seen.setdefault(name_key(student.username), number)
        if earlier != number:
            raise HeldoutError(
                f"the username {student.username} is there twice",
                where=f"{path.name}, lines {earlier} and {number}",
                expected="a username for each student",
                next_step="change one, or leave the cell empty to get a free one",
            )
