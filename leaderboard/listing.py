"""One way to print a list: a table that fits the terminal, CSV for a spreadsheet, JSON for a program."""

import csv
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.outline import Metric
from leaderboard.plain import csv_cell, one_line

Cell = str | int | float | bool | None | datetime | Sequence[str]


GAP = 2  # cells between two columns
NARROWEST = 8  # cells of a flexible column


class Style(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True)
class Column:
    """A column of a terminal's table. The one with `flexible` gives way when the terminal is narrow."""

    title: str
    justify: Literal["left", "right", "center"] = "left"
    style: str = ""
    flexible: bool = False


def csv_text(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Comma-separated, with text that no spreadsheet runs as a formula. Numbers stay numbers."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_csv(cell) for cell in row] for row in rows)
    return out.getvalue()


def _csv(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return rounded(cell)
    if isinstance(cell, int):
        return cell
    if isinstance(cell, datetime):
        return iso(cell)
    return csv_cell(cell if isinstance(cell, str) else " ".join(cell))


def json_text(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """A list of objects, in ASCII: escapes carry what a terminal might obey."""
    listed = [dict(zip(header, map(_json, row), strict=True)) for row in rows]
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def _json(cell: object) -> object:
    if isinstance(cell, datetime):
        return iso(cell)
    if isinstance(cell, float):
        return rounded(cell)
    if isinstance(cell, dict):
        return {name: _json(value) for name, value in cell.items()}
    return [_json(each) for each in cell] if isinstance(cell, list | tuple) else cell


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[Text | str]], *, width: int, title: str = ""
) -> Table:
    """A table at most `width` wide; cells that are `str` are shown as they are, never as markup."""
    cells = [[Text(one_line(cell)) if isinstance(cell, str) else cell for cell in row] for row in rows]
    widths = fit(columns, cells, width)
    made = Table(
        title=Text(title) if title else None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
        header_style="dim",
    )
    for column, one in zip(columns, widths, strict=True):
        made.add_column(
            Text(column.title),
            justify=column.justify,
            style=column.style,
            no_wrap=True,
            overflow="ellipsis",
            width=one,
        )
    for row in cells:
        made.add_row(*row)
    return made


def fit(columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int) -> list[int]:
    """Each column's width: as wide as its cells, but for flexible ones, which share what is left."""
    widths = [
        max(cell_len(column.title), *(row[number].cell_len for row in rows), 1)
        for number, column in enumerate(columns)
    ]
    flexible = [number for number, column in enumerate(columns) if column.flexible]
    fixed = sum(one for number, one in enumerate(widths) if number not in flexible)
    room = width - fixed - GAP * (len(columns) - 1)
    for waiting, number in zip(
        range(len(flexible), 0, -1), sorted(flexible, key=widths.__getitem__), strict=True
    ):
        widths[number] = max(NARROWEST, min(widths[number], room // waiting))
        room -= widths[number]
    return widths


def write(text: str) -> None:
    sys.stdout.write(text)


def terminal() -> Console:
    return Console(highlight=False, emoji=False)


def iso(moment: datetime) -> str:
    """UTC to the second, as ISO 8601 writes it.

    >>> iso(datetime(2017, 5, 22, 13, 22, 32, tzinfo=UTC))
    '2017-05-22T13:22:32Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rounded(value: float) -> float:
    """Six significant digits: scores come from float32, whose seventh is noise already.

    >>> rounded(19.690326690673828), rounded(-0.0), rounded(2.0)
    (19.6903, -0.0, 2.0)
    """
    return float(f"{value:.6g}")


def score(value: float, half_width: float, metric: Metric) -> str:
    """What is rounded to zero has no sign.

    >>> score(-0.0001, 0.016, Metric("kid", "", higher_is_better=False, digits=3))
    '0.000 ± 0.016'
    """
    return f"{value:z.{metric.digits}f} ± {half_width:.{metric.digits}f}"
