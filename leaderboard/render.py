"""Boards and other lists for the terminal, as CSV and as JSON: what the command line prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Protocol

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.outline import Metric, Outline, RunKind
from leaderboard.boards import heading
from leaderboard.listing import GAP, Column, Style, csv_text, fit, json_text, score, table, terminal, write
from leaderboard.plain import lines, one_line
from leaderboard.records import Row, TeamKind
from leaderboard.render_submissions import print_submission, print_submissions

__all__ = [
    "board_csv",
    "board_json",
    "board_table",
    "print_assignments",
    "print_board",
    "print_layers",
    "print_submission",
    "print_submissions",
]

BOARD_JSON = ("rank", "change", "team", "score", "half_width", "tier", "entries", "last", "badges")
BOARD_CSV = (
    "Rank",
    "TeamId",
    "TeamName",
    "LastSubmissionDate",
    "Score",
    "SubmissionCount",
    "TeamMemberUserNames",
)
LEFT_TO_RIGHT = "\u200e"  # after a right-to-left name, keeps the cells to its right in their order


# ---------------------------------------------------------------- boards


def print_board(
    rows: Sequence[Row],
    assignment: Outline,
    style: str = "table",
    *,
    run_kind: RunKind = RunKind.EVALUATE,
    private: bool = False,
    console: Console | None = None,
) -> None:
    """Print a board to the terminal, or as CSV or JSON to standard output."""
    if style == Style.CSV:
        write(board_csv(rows))
    elif style == Style.JSON:
        write(board_json(rows))
    else:
        console = console or terminal()
        title = heading(assignment, run_kind) + (", private board" if private else "")
        console.print(
            board_table(rows, assignment.metric, title, width=console.width, steered=console.is_terminal)
        )
        for note in _notes(rows, private=private):
            console.print(Text(note, "dim"))


def board_csv(rows: Sequence[Row]) -> str:
    """The board with the header of Kaggle's download; baselines and references have rank 0."""
    cells = [
        (row.rank, row.team_id, row.team, _when(row.last), row.score, row.entries, row.members)
        for row in rows
    ]
    return csv_text(BOARD_CSV, cells)


def board_json(rows: Sequence[Row]) -> str:
    """With the spread of seeds where there is one."""
    names = (*BOARD_JSON, "spread") if any(row.spread is not None for row in rows) else BOARD_JSON
    return json_text(names, [[getattr(row, name) for name in names] for row in rows])


@dataclass(frozen=True)
class _Layout:
    """How much a board tells; the narrower the terminal, the less."""

    date: str
    kinds: bool = True  # badges that only repeat what the row's style shows
    best_before: bool = True


LAYOUTS = (
    _Layout("%a, %d %b %Y %H:%M:%S"),
    _Layout("%d %b %H:%M"),
    _Layout("%d %b %H:%M", kinds=False),
    _Layout("%d %b %H:%M", kinds=False, best_before=False),
)
TEAM_ROOM = 24  # cells that a team's name should have


def board_table(rows: Sequence[Row], metric: Metric, title: str, *, width: int, steered: bool) -> Table:
    """`# · Δ · team · score ± interval · tier · entries · last (best before it) · badges`, what fits.

    steered: with the invisible mark that a terminal needs after a right-to-left name, and a file doesn't.
    """
    longest = max((cell_len(row.team) for row in rows), default=0)
    for layout in LAYOUTS:
        columns, cells = _board_cells(rows, metric, layout, steered)
        widths = fit(columns, [[Text(str(cell)) for cell in row] for row in cells], width)
        whole = sum(widths) + GAP * (len(widths) - 1) <= width
        if whole and widths[2] >= min(TEAM_ROOM, longest):
            break
    made = table(columns, cells, width=width, title=title)
    for row, line in zip(rows, made.rows, strict=True):
        line.style = "" if row.kind is TeamKind.STUDENT else "dim"
    return made


def _notes(rows: Sequence[Row], *, private: bool) -> list[str]:
    """What a reader would ask."""
    if not rows:
        return ["no scored submissions yet"]
    found = []
    if any(is_tied(row, before) for before, row in pairwise(rows)):
        found.append("Equal ranks: teams that these items can't tell apart, in alphabetical order.")
    if any(row.spread is not None for row in rows):
        found.append("Scores from several trainings are their mean; seeds: their standard deviation.")
    if private:
        found.append("Δ is the change of rank from the public board.")
    return found


def is_tied(row: Row, before: Row | None) -> bool:
    """Whether it shares its rank with the row above it."""
    return before is not None and row.rank == before.rank > 0


def _board_cells(
    rows: Sequence[Row], metric: Metric, layout: _Layout, steered: bool
) -> tuple[list[Column], list[list[Text | str]]]:
    badges = [[one for one in row.badges if layout.kinds or one != row.kind] for row in rows]
    columns = [
        Column("#", "right"),
        Column("Δ"),
        Column("team", flexible=True),
        Column(metric.label, "right"),
        Column("tier"),
        Column("n" if layout is not LAYOUTS[0] else "entries", "right"),
        Column("last (best before it)" if layout.best_before else "last"),
    ]
    cells = [
        _board_row(row, before, metric, layout, steered) for before, row in pairwise([None, *rows]) if row
    ]
    if any(row.spread is not None for row in rows):
        columns.insert(4, Column("seeds", "right"))
        cells = [[*row[:4], _spread(one, metric), *row[4:]] for one, row in zip(rows, cells, strict=True)]
    if any(badges):
        columns.append(Column("badges"))
        cells = [[*row, ", ".join(own)] for row, own in zip(cells, badges, strict=True)]
    return columns, cells


def _spread(row: Row, metric: Metric) -> str:
    return "" if row.spread is None else f"±{row.spread:.{metric.digits}f}"


def _board_row(
    row: Row, before: Row | None, metric: Metric, layout: _Layout, steered: bool
) -> list[Text | str]:
    last = row.last.astimezone(UTC).strftime(layout.date)
    return [
        Text(str(row.rank or "·"), "dim" if is_tied(row, before) else ""),
        Text(row.change, {"↑": "green", "↓": "red"}.get(row.change[:1], "")),
        Text(
            one_line(row.team) + LEFT_TO_RIGHT * steered, "bold" if row.kind is TeamKind.STUDENT else "italic"
        ),
        score(row.score, row.half_width, metric),
        row.tier,
        str(row.entries),
        f"{last} ({row.best_before})" if row.best_before and layout.best_before else last,
    ]


# ---------------------------------------------------------------- other lists


ASSIGNMENTS = ("assignment", "title", "metric", "unit", "best", "rank", "tier", "trained")


def print_assignments(
    listed: Sequence[tuple[Outline, Row | None, Row | None]],
    style: str = "table",
    *,
    console: Console | None = None,
) -> None:
    """Print assignments, each with a team's rows, if there are any, of its boards: practice, train runs."""
    if style != Style.TABLE:
        cells = [
            (
                one.slug,
                one.title,
                one.metric.name,
                one.metric.unit,
                *((row.score, row.rank, row.tier) if row else (None, None, None)),
                trained.score if trained else None,
            )
            for one, row, trained in listed
        ]
        write(csv_text(ASSIGNMENTS, cells) if style == Style.CSV else json_text(ASSIGNMENTS, cells))
        return
    rows: list[list[Text | str]] = [
        [
            Text(one.slug, "bold"),
            one.title,
            f"{one.metric.name} {'↑' if one.metric.higher_is_better else '↓'}",
            score(row.score, row.half_width, one.metric) if row else "",
            str(row.rank or "") if row else "",
            row.tier if row else "",
            score(trained.score, trained.half_width, one.metric) if trained else "",
        ]
        for one, row, trained in listed
    ]
    columns = [
        Column("assignment"),
        Column("title", flexible=True),
        Column("metric"),
        Column("best", "right"),
        Column("rank", "right"),
        Column("tier"),
        Column("trained", "right"),
    ]
    console = console or terminal()
    console.print(table(columns, rows, width=console.width))


class Layer(Protocol):
    """A layer of the sandbox, as the probe found it."""

    @property
    def layer(self) -> str: ...
    @property
    def live(self) -> bool: ...
    @property
    def probe(self) -> str: ...
    @property
    def fix(self) -> str: ...


LAYERS = ("layer", "live", "probe", "fix")


def print_layers(layers: Sequence[Layer], style: str = "table", *, console: Console | None = None) -> None:
    """Print the layers of the sandbox: live or not, how that was found, what to do."""
    cells = [(layer.layer, layer.live, layer.probe, layer.fix) for layer in layers]
    if style != Style.TABLE:
        write(csv_text(LAYERS, cells) if style == Style.CSV else json_text(LAYERS, cells))
        return
    made = Table("layer", "", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    made.add_column("probe", overflow="fold")
    for name, live, probe, fix in cells:
        mark = Text("live", "green") if live else Text("off", "red")
        found = Text(one_line(probe))
        if not live and fix:
            found.append(f"\nto do: {lines(fix)}", "bold")
        made.add_row(Text(name), mark, found)
    (console or terminal()).print(made)


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
