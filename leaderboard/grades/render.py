"""Grades for the terminal, as CSV and as JSON."""

from collections.abc import Iterator, Sequence
from datetime import UTC

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from leaderboard.grades.distribution import bins
from leaderboard.grades.lateness import figure
from leaderboard.grades.picture import described
from leaderboard.grades.policy import TOTAL
from leaderboard.grades.records import Applied, Book, GradeEvent, Run
from leaderboard.grades.sheets import Grade, Sheet
from leaderboard.listing import Cell, Column, Style, csv_text, json_text, table, terminal, write
from leaderboard.plain import one_line

BAR = 40  # cells of the longest one


def percents(sheets: Sequence[Sheet]) -> list[float]:
    return [sheet.total.percent for sheet in sheets if sheet.total.percent is not None]


# ---------------------------------------------------------------- a class


def print_class(
    sheets: Sequence[Sheet], book: Book | None, style: str = "table", *, console: Console | None = None
) -> None:
    """Print everybody's totals under a policy, and what differs from what is applied."""
    if style == Style.TABLE:
        console = console or terminal()
        console.print(_class_table(sheets, book, console.width))
        console.print(_distribution(percents(sheets)))
        console.print(Text(_change(sheets, book), "bold"))
        return
    items = [one.item for one in sheets[0].grades] if sheets else []
    header = ("username", "name", *items, TOTAL, "possible", "percent", "letter", "applied", "changed")
    rows = [_class_row(sheet, _applied(book, sheet)) for sheet in sheets]
    write(csv_text(header, rows) if style == Style.CSV else json_text(header, rows))


def _class_row(sheet: Sheet, applied: Applied | None) -> tuple[Cell, ...]:
    total = sheet.total
    return (
        sheet.pupil.username,
        sheet.pupil.name,
        *(one.total for one in sheet.grades),
        total.points,
        total.possible,
        total.percent,
        total.letter,
        _was(applied),
        changed(sheet, applied),
    )


def _class_table(sheets: Sequence[Sheet], book: Book | None, width: int) -> object:
    columns = [
        Column("student", flexible=True),
        Column("username", flexible=True),
        Column("total", "right"),
        Column("%", "right"),
        Column(""),
        Column("applied", "right"),
        Column("changed", flexible=True),
    ]
    rows = [_line(sheet, _applied(book, sheet)) for sheet in sheets]
    return table(columns, rows, width=width)


def _line(sheet: Sheet, applied: Applied | None) -> list[Text | str]:
    total, was = sheet.total, _was(applied)
    return [
        sheet.pupil.name,
        sheet.pupil.username,
        _points(total.points),
        _points(total.percent),
        total.letter,
        _points(was),
        ", ".join(changed(sheet, applied)) if applied and applied.total else "",
    ]


def _points(value: float | None) -> str:
    return "—" if value is None else f"{value:z.2f}"


def _applied(book: Book | None, sheet: Sheet) -> Applied | None:
    return book.of(sheet.pupil.username) if book else None


def _was(applied: Applied | None) -> float | None:
    return applied.total.total if applied and applied.total else None


def changed(sheet: Sheet, applied: Applied | None) -> list[str]:
    """The items that would have other points than those applied."""
    before = applied.grades if applied else {}
    return [one.item for one in sheet.grades if one.item not in before or before[one.item].total != one.total]


def _change(sheets: Sequence[Sheet], book: Book | None) -> str:
    if book is None:
        return "Nothing is applied yet: `heldout grades apply` makes these the grades."
    moved = sum(bool(changed(sheet, _applied(book, sheet))) for sheet in sheets)
    said = f"{moved} of {len(sheets)} students would have other points than those applied"
    return f"{said} on {book.at.astimezone(UTC):%d %b %Y %H:%M} UTC."


def _distribution(found: Sequence[float]) -> Text:
    """A bar for each ten percent."""
    counted = bins(found)
    most = max(one.count for one in counted)
    lines = [Text(described(found))]
    for one in reversed(counted):
        bar = "█" * round(BAR * one.count / most) if most else ""
        bar = bar or ("▏" if one.count else "")
        label = f"{one.low:>3}–{one.high:<3}"
        lines.append(Text(f"{label} {bar} {one.count or ''}".rstrip()))
    return Text("\n").join([Text(""), *lines, Text("")])


# ---------------------------------------------------------------- one student


EXPLAINED = ("item", "raw", "points", "penalty", "total", "possible", "slack", "source", "ref", "steps")


def print_sheet(sheet: Sheet, style: str = "table", *, console: Console | None = None) -> None:
    """Print every step of one student's grades."""
    if style != Style.TABLE:
        rows = [_explained(one) for one in sheet.grades]
        total = sheet.total
        rows.append(
            (TOTAL, None, total.points, 0.0, total.points, total.possible, 0.0, TOTAL, None, total.steps)
        )
        write(csv_text(EXPLAINED, rows) if style == Style.CSV else json_text(EXPLAINED, rows))
        return
    console = console or terminal()
    console.print(
        Text(f"{one_line(sheet.pupil.name)} ({one_line(sheet.pupil.username)}), {one_line(sheet.pupil.team)}")
    )
    for one in sheet.grades:
        _print_steps(console, one.item, one.steps)
    left = [] if sheet.slack_left is None else [f"{figure(sheet.slack_left)} slack days are left"]
    _print_steps(console, TOTAL, [*sheet.total.steps, *left])


def _explained(one: Grade) -> tuple[Cell, ...]:
    return (
        one.item,
        one.raw,
        one.points,
        one.penalty,
        one.total,
        one.possible,
        one.slack,
        one.source,
        one.ref,
        one.steps,
    )


def _print_steps(console: Console, title: str, steps: Sequence[str]) -> None:
    console.print()
    console.print(Text(one_line(title), "bold"))
    for step in steps:
        console.print(Padding(Text(one_line(step)), (0, 0, 0, 2)))


HISTORY = (
    "at", "who", "item", "kind", "raw", "points", "penalty", "total", "possible", "letter", "slack", "source",
    "ref", "judging", "policy", "data", "steps",
)  # fmt: skip


def print_history(
    events: Sequence[GradeEvent], style: str = "table", *, console: Console | None = None
) -> None:
    """Print all that was ever applied and entered for a student."""
    if style != Style.TABLE:
        rows = [tuple(_recorded(one)) for one in events]
        write(csv_text(HISTORY, rows) if style == Style.CSV else json_text(HISTORY, rows))
        return
    columns = [
        Column("when"),
        Column("who", flexible=True),
        Column("item", flexible=True),
        Column("what"),
        Column("points", "right"),
        Column("from", flexible=True),
    ]
    console = console or terminal()
    console.print(table(columns, [_event(one) for one in events], width=console.width))


def _recorded(one: GradeEvent) -> Iterator[Cell]:
    yield from (
        one.at,
        one.who,
        one.item,
        one.kind,
        one.raw,
        one.points,
        one.penalty,
        one.total,
        one.possible,
    )
    yield from (
        one.letter,
        one.slack,
        one.source,
        one.ref,
        one.judging_id,
        one.policy_sha256,
        one.data_sha256,
    )
    yield one.steps


def _event(one: GradeEvent) -> list[Text | str]:
    back = one.kind == "entered" and one.total is None
    where = f"#{one.ref}" if one.ref else "; ".join(one.steps) if one.kind == "entered" else one.source
    return [
        f"{one.at:%Y-%m-%d %H:%M}",
        one.who,
        one.item,
        "taken back" if back else one.kind,
        _points(one.total),
        where,
    ]


def say_run(run: Run) -> str:
    """What an application did."""
    version = f"policy {run.sha256[:12]}"
    if not run.new:
        return f"Nothing has changed for {run.students} students: {version} was applied before."
    return f"Applied by {version} to the class of {run.students}. New or changed grades: {run.events}."
