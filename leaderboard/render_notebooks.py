"""Notebooks' points for the terminal, as CSV and as JSON."""

from collections.abc import Sequence

from leaderboard.listing import Column, Style, csv_text, json_text, table, terminal, write
from leaderboard.marks import NotebookPoints

COLUMNS = ("ref", "team", "points", "possible", "pending", "received")


def print_points(found: Sequence[NotebookPoints], style: str = "table") -> None:
    rows = [(one.ref, one.team, one.points, one.possible, one.pending, one.received_at) for one in found]
    if style == Style.CSV:
        write(csv_text(COLUMNS, rows))
    elif style == Style.JSON:
        write(json_text(COLUMNS, rows))
    else:
        console = terminal()
        columns = [
            Column("ref", "right"),
            Column("team", flexible=True),
            Column("points", "right"),
            Column("to be read", "right"),
            Column("received"),
        ]
        cells = [
            [
                str(one.ref),
                one.team,
                f"{one.points:g} of {one.possible:g}",
                str(one.pending or ""),
                f"{one.received_at:%Y-%m-%d %H:%M}",
            ]
            for one in found
        ]
        made = table(columns, cells, width=console.width)
        made.caption = None if cells else "no notebook was graded yet"
        console.print(made)
