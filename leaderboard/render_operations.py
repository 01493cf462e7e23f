"""The queue, who grades and what was spent, for the terminal, as CSV and as JSON."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.text import Text

from leaderboard.activity import Grader, Spent, Tally
from leaderboard.listing import Cell, Column, Style, csv_text, json_text, table, terminal, write
from leaderboard.plain import one_line
from leaderboard.reproductions import Reproduction
from leaderboard.web.formats import lasting, relative, wait

STATUS = (
    "queued", "running", "regrades", "oldestSeconds", "emptySeconds", "judgedLastHour", "graderErrors",
    "graders", "places", "paused",
)  # fmt: skip
GRADERS = ("holder", "lanes", "running", "seenAt", "draining")
REPRODUCED = ("compared", "then", "now", "same")
SIGNS = {True: Text("=", "green"), False: Text("≠", "red")}
SPENT = ("teamName", "judgings", "answeringCpuSeconds", "trainingCpuSeconds", "gpuSeconds")


def print_status(
    tally: Tally, now: datetime, style: str = "table", *, console: Console | None = None
) -> None:
    """Print the queue at this moment, what is paused, and who grades."""
    if style != Style.TABLE:
        row = _figures(tally)
        write(csv_text(STATUS, [row]) if style == Style.CSV else json_text(STATUS, [row]))
        return
    console = console or terminal()
    for line in _lines(tally):
        console.print(line, soft_wrap=True)
    for pause in tally.pauses:
        said = f"paused: {pause.assignment or 'everything'}, {relative(pause.at, now)}"
        reason = f": {one_line(pause.reason)}" if pause.reason else ""
        console.print(Text(said + reason, "bold yellow"), soft_wrap=True)
    if tally.graders:
        console.print(_graders(tally.graders, now, console.width))
    else:
        console.print(Text("Nobody grades: start `heldout grade --watch`.", "bold yellow"))


def _figures(tally: Tally) -> Sequence[Cell]:
    return (
        tally.counts.get("queued", 0),
        tally.counts.get("running", 0),
        tally.regrades,
        tally.oldest_seconds,
        tally.empty_seconds,
        tally.judged_hour,
        tally.counts.get("grader error", 0),
        len(tally.graders),
        sum(grader.slots for grader in tally.graders),
        [pause.assignment or "everything" for pause in tally.pauses],
    )


def _lines(tally: Tally) -> list[Text]:
    queued = tally.counts.get("queued", 0)
    waits = f", the first for {lasting(tally.oldest_seconds)}" if tally.oldest_seconds is not None else ""
    empty = f"; empty in {wait(tally.empty_seconds)}" if queued and tally.empty_seconds is not None else ""
    behind = f", {tally.regrades:,} to be judged again behind them" if tally.regrades else ""
    found = [
        Text(f"{queued:,} waiting{waits}{behind}{empty}"),
        Text(f"{tally.counts.get('running', 0):,} running, {tally.judged_hour:,} judged in the last hour"),
    ]
    if broken := tally.counts.get("grader error", 0):
        found.append(
            Text(f"{broken:,} parked after faults of ours: `heldout regrade` tries again", "bold red")
        )
    return found


def _graders(graders: Sequence[Grader], now: datetime, width: int) -> object:
    columns = [
        Column("grader", flexible=True),
        Column("places"),
        Column("grades now", flexible=True),
        Column("heard of"),
    ]
    rows = [
        [
            one.holder + (" (stopping)" if one.draining else ""),
            ", ".join(f"{name} {places}" for name, places in one.lanes.items()) or str(one.slots),
            " ".join(f"#{ref}" for ref in one.running) or "nothing",
            relative(one.seen_at, now),
        ]
        for one in graders
    ]
    return table(columns, rows, width=width)


def print_graders(graders: Sequence[Grader], style: str) -> None:
    """For a program: who grades."""
    rows = [
        (
            one.holder,
            [f"{name}={places}" for name, places in one.lanes.items()],
            [str(ref) for ref in one.running],
            one.seen_at,
            one.draining,
        )
        for one in graders
    ]
    write(csv_text(GRADERS, rows) if style == Style.CSV else json_text(GRADERS, rows))


def print_reproduction(found: Reproduction, style: str = "table", *, console: Console | None = None) -> None:
    """Print what was compared, and what follows."""
    rows = [(one.what, one.then, one.now, one.same) for one in found.compared]
    if style != Style.TABLE:
        write(csv_text(REPRODUCED, rows) if style == Style.CSV else json_text(REPRODUCED, rows))
        return
    console = console or terminal()
    columns = [Column(""), Column("compared"), Column("then", flexible=True), Column("now", flexible=True)]
    cells: list[list[Text | str]] = [[SIGNS[one.same], one.what, one.then, one.now] for one in found.compared]
    console.print(table(columns, cells, width=console.width))
    if not found.alike:
        console.print(Text("Another kind of machine: nothing is promised, nothing was noted.", "yellow"))
        console.print(f"then: {found.then or 'unknown'}\nnow:  {found.now}", soft_wrap=True, markup=False)
    elif found.same:
        console.print(Text("The same came out, bit for bit.", "bold green"))
    elif not found.tells:
        told = (
            "Other scores came out of the same training: the assignment, or Heldout, may have changed since."
        )
        console.print(Text(f"{told} Nothing was noted.", "yellow"), soft_wrap=True)
    else:
        told = "Something else came out: it is not deterministic, and its badge says so."
        console.print(Text(told, "bold red"), soft_wrap=True)


def print_spent(spent: Sequence[Spent], style: str = "table", *, console: Console | None = None) -> None:
    """Print what each team's gradings used, the largest first."""
    rows = [
        (one.team, one.judgings, one.answering_seconds, one.training_seconds, one.gpu_seconds)
        for one in spent
    ]
    if style != Style.TABLE:
        write(csv_text(SPENT, rows) if style == Style.CSV else json_text(SPENT, rows))
        return
    console = console or terminal()
    columns = [
        Column("team", flexible=True),
        Column("judgings", "right"),
        Column("answers", "right"),
        Column("trainings", "right"),
        Column("GPU", "right"),
    ]
    cells = [[team, f"{count:,}", *(f"{seconds:,.0f} s" for seconds in used)] for team, count, *used in rows]
    console.print(table(columns, cells, width=console.width))
    console.print(Text("seconds of processors, of GPUs exclusive ones; attempts that broke are in it", "dim"))
