"""CSV that no spreadsheet runs as a formula, and that is read back as it was.

A text that begins like a formula gets an apostrophe before it; so does one that begins with apostrophes and
then like a formula, so that taking one away restores either. Numbers stay numbers.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import HeldoutError

FORMULA = re.compile(r"'*(\s*[=+\-@＝＋－＠]|[\t\r\n])")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Table:
    """A CSV file: every row has as many cells as the header."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    delimiter: str = ","


@dataclass(frozen=True)
class Filled:
    """A file for another program, and what a person should know before handing it over."""

    text: str
    warnings: tuple[str, ...] = ()


def protect(text: str) -> str:
    """
    >>> protect("=1+1"), protect("'=1"), protect("-1.5"), protect("O'Neil"), protect("-")
    ("'=1+1", "''=1", '-1.5', "O'Neil", '-')
    """
    harmless = NUMBER.fullmatch(text) or text in ("-", "+")
    return f"'{text}" if FORMULA.match(text) and not harmless else text


def restore(text: str) -> str:
    """What `protect` was given.

    >>> restore(protect("'=1")), restore("'tis")
    ("'=1", "'tis")
    """
    return text[1:] if text.startswith("'") and FORMULA.match(text[1:]) else text


def write_table(table: Table) -> str:
    """Cells as they are: see `protect`. Lines end as RFC 4180 wants it, so that each sign of a line's end is
    quoted.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=table.delimiter, lineterminator="\r\n")
    writer.writerow(table.header)
    writer.writerows(table.rows)
    return out.getvalue()


def read_table(path: Path) -> Table:
    """Cells as they are: see `restore`. UTF-8, with commas, semicolons or tabs. Raises HeldoutError."""
    try:
        return parse_table(path.read_bytes().decode("utf-8-sig"), path.name)
    except UnicodeDecodeError as error:
        raise HeldoutError(
            f"{path.name} is not UTF-8", where=f"{path}: {error}", expected="CSV in UTF-8"
        ) from error


def parse_table(text: str, name: str = "the file") -> Table:
    """Raises HeldoutError, with the line, where a row has more cells than the header."""
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header, *rows = [row for row in reader if row] or [[]]
    except csv.Error as error:
        where = f"{name}, line {reader.line_num}"
        raise HeldoutError(f"the line can't be read: {error}", where=where, expected="CSV") from error
    if not header:
        raise HeldoutError(f"{name} is empty", expected="a header line, then students")
    for number, row in enumerate(rows, start=2):
        if len(row) > len(header):
            raise HeldoutError(
                f"row {number} has {len(row)} cells", where=name, expected=f"{len(header)}, as the header has"
            )
    padded = [row + [""] * (len(header) - len(row)) for row in rows]
    return Table(header, padded, delimiter)


def column(table: Table, *names: str) -> int | None:
    """Where the first of these heads a column, up to case."""
    heads = [head.strip().casefold() for head in table.header]
    return next((heads.index(name.casefold()) for name in names if name.casefold() in heads), None)


def number(cell: str) -> float | None:
    """Of a cell in whatever language: 1,000.5 and 1.000,5 are none, 12,5 is.

    >>> number("12.50"), number("100,00"), number("(read only)"), number("")
    (12.5, 100.0, None, None)
    """
    plain = cell.strip().replace(",", ".")
    return float(plain) if NUMBER.fullmatch(plain) else None


def some(names: Sequence[str]) -> str:
    """A few of them, and how many more.

    >>> some(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
