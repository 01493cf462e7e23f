"""Submissions for the terminal, as CSV and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.outline import Metric, Outline, RunKind
from grader.report import CellState, Resources, Verdict
from leaderboard import disclosure
from leaderboard.listing import Column, Style, csv_text, json_text, score, table, terminal, write
from leaderboard.marks import Graded, Item
from leaderboard.plain import lines, one_line
from leaderboard.records import Attempt, State, Submission

SUBMISSIONS = ("ref", "fileName", "date", "description", "status", "publicScore", "privateScore")
DETAILS = (
    "halfWidth",
    "reason",
    "message",
    "log",
    "texts",
    "sha256",
    "attempts",
    "resources",
    "runKind",
    "training",
)
HIDDEN: Mapping[RunKind, bool] = {}
WIDE = 100  # columns from which a terminal has room for everything
COLOURS = {
    State.SCORED: "green",
    State.FAILED: "red",
    State.GRADER_ERROR: "yellow",
    State.RUNNING: "cyan",
    State.QUEUED: "dim",
}


def print_submissions(
    submissions: Sequence[Submission],
    assignment: Outline,
    style: str = "table",
    *,
    revealed: Mapping[RunKind, bool] = HIDDEN,
    console: Console | None = None,
) -> None:
    """Print a team's submissions; private scores where that board is revealed."""
    rows = [
        _submission_cells(one, assignment.metric_of(one.run_kind), revealed=revealed.get(one.run_kind, False))
        for one in submissions
    ]
    if style == Style.CSV:
        write(csv_text(SUBMISSIONS, rows))
    elif style == Style.JSON:
        write(json_text(SUBMISSIONS, rows))
    else:
        console = console or terminal()
        console.print(_submissions_table(submissions, assignment, rows, width=console.width))


Cells = tuple[int, str, datetime, str, str, float | None, float | None]


def _submission_cells(one: Submission, metric: Metric, *, revealed: bool = False) -> Cells:
    public = (one.public or {}).get(metric.name)
    private = (one.private or {}).get(metric.name) if revealed else None
    return (
        one.ref,
        one.file_name,
        one.received_at,
        one.description,
        str(one.state),
        public.value if public else None,
        private.value if private else None,
    )


def _submissions_table(
    submissions: Sequence[Submission], assignment: Outline, rows: Sequence[Cells], *, width: int
) -> Table:
    wide, digits = width >= WIDE, assignment.metric.digits
    made = table(
        [
            Column("ref", "right"),
            Column("fileName", flexible=True),
            Column("date"),
            Column("description", flexible=True),
            Column("status"),
            Column("publicScore" if wide else "public", "right"),
            Column("privateScore" if wide else "private", "right"),
        ],
        [
            [
                str(ref),
                name,
                f"{date:%Y-%m-%d %H:%M:%S}" if wide else f"{date:%d %b %H:%M}",
                description,
                Text(disclosure.status(one) if wide else disclosure.word(one), _colour(one)),
                "" if public is None else f"{public:z.{digits}f}",
                "" if private is None else f"{private:z.{digits}f}",
            ]
            for one, (ref, name, date, description, _, public, private) in zip(submissions, rows, strict=True)
        ],
        width=width,
        title=assignment.title,
    )
    made.caption = None if rows else Text("no submissions yet")
    return made


def _colour(one: Submission) -> str:
    """Green is for what may count."""
    if one.withdrawn or one.same_as or (one.withheld and not one.selected):
        return "dim"
    return COLOURS.get(one.state, "")


def print_submission(
    one: Submission,
    assignment: Outline,
    style: str = "table",
    *,
    revealed: bool = False,
    console: Console | None = None,
) -> None:
    """Print one submission: state, scores, reason, log, what it used. JSON says the same; CSV: its line.

    Its private scores where that board is revealed.
    """
    metric = assignment.metric_of(one.run_kind)
    if style == Style.JSON:
        write(
            json_text(
                (*SUBMISSIONS, *DETAILS),
                [(*_submission_cells(one, metric, revealed=revealed), *_details(one, metric))],
            )
        )
        return
    if style == Style.CSV:
        print_submissions([one], assignment, style, revealed={one.run_kind: revealed})
        return
    console = console or terminal()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in _facts(one, assignment, revealed=revealed):
        grid.add_row(label, text if isinstance(text, Text) else Text(one_line(text)))
    console.print(grid)
    if one.judging is not None and one.judging.cells:
        console.print(points_table(one.judging.cells, width=console.width))
    if one.failure is not None:
        console.print(Text(f"\n{lines(one.failure.message)}"))
    if one.judging is not None and one.judging.log:
        console.print(Text("\nYour code printed:", "dim"))
        console.print(Text(lines(one.judging.log)))
    for name, text in one.texts.items():
        console.print(Text(f"\n{one_line(name)}:", "dim"))
        console.print(Text(lines(text)))


def _details(one: Submission, metric: Metric) -> Sequence[Any]:
    public = (one.public or {}).get(metric.name)
    failure, judging = one.failure, one.judging
    return (
        public.half_width if public else None,
        failure.reason if failure else "",
        failure.message if failure else "",
        judging.log if judging else "",
        dict(one.texts),
        one.sha256,
        one.attempts,
        disclosure.figures(judging.resources) if judging else None,
        str(one.run_kind),
        asdict(judging.training) if judging and judging.training else None,
    )


def _facts(one: Submission, assignment: Outline, *, revealed: bool) -> list[tuple[str, Text | str]]:
    facts: list[tuple[str, Text | str]] = [
        ("submission", f"#{one.ref} of {one.team} for {assignment.title}{_kind(one)}"),
        ("file", f"{one.file_name}, {one.size / 1e6:.2f} MB, sha256 {one.sha256}"),
        ("received", f"{one.received_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"),
        ("description", one.description),
        ("status", Text(disclosure.status(one), _colour(one))),
    ]
    facts += _timeline(one)
    if one.place is not None and one.place.seconds is None and not one.place.paused:
        facts.append(("", "no grader is at work: your instructor starts one"))
    facts += _points(one) if one.run_kind is RunKind.NOTEBOOK else _scores(one, assignment, revealed=revealed)
    facts += [
        ("", text) for text in disclosure.remarks(one, undo=f"with `heldout withdraw {one.ref} --undo`")
    ]
    if one.judging is not None and one.judging.training is not None:
        training = one.judging.training
        every = disclosure.trainings(one, assignment)
        facts += [(f"training {number} of {len(every)}", line) for number, line in enumerate(every, start=1)]
        if not every:
            facts.append(("trained", f"{disclosure.trained(training, assignment)}; seed {training.seed}"))
    if one.judging is not None and one.judging.resources.launcher:
        facts += _resources(one.judging.resources)
    return facts


def _scores(one: Submission, assignment: Outline, *, revealed: bool) -> list[tuple[str, Text | str]]:
    facts: list[tuple[str, Text | str]] = []
    for metric in assignment.metrics:
        for label, estimates in (("", one.public), (", private", one.private if revealed else None)):
            if estimate := (estimates or {}).get(metric.name):
                text = f"{score(estimate.value, estimate.half_width, metric)} {metric.unit}"
                facts.append((metric.name + label, Text(text, "bold" if metric is assignment.metric else "")))
    return facts


def _timeline(one: Submission) -> list[tuple[str, Text | str]]:
    """When each attempt began and ended; what broke on our side, to whom that is told."""
    several = len(one.timeline) > 1
    return [(f"attempt {each.number}" if several else "graded", _attempt(each)) for each in one.timeline]


def _attempt(each: Attempt) -> str:
    began = f"{each.began.astimezone(UTC):%H:%M:%S} to " if each.began else ""
    told = f"{began}{each.ended.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    broke = "broke on our side" if each.verdict is Verdict.GRADER_ERROR else ""
    by = f"by {each.holder}" if each.holder else ""
    return ", ".join(filter(None, (told, by, broke))) + (f": {each.fault}" if each.fault else "")


def _points(one: Submission) -> list[tuple[str, Text | str]]:
    """Of its cells together; of those that somebody has yet to read it is said."""
    cells = one.judging.cells if one.judging else ()
    if not cells:
        return []
    possible, waiting = sum(each.result.possible for each in cells), [each for each in cells if each.waits]
    text = f"{sum(each.points for each in cells):g} of {possible:g}"
    if waiting:
        text += f"; {sum(each.result.possible for each in waiting):g} of them are yet to be read and given"
    return [("points", Text(text, "bold"))]


MARKS = {
    CellState.PASSED: ("✓", "green"),
    CellState.FAILED: ("✗", "red"),
    CellState.FAILED_HIDDEN: ("✗", "red"),
    CellState.STOPPED: ("✗", "red"),
    CellState.TAMPERED: ("!", "yellow"),
    CellState.NOT_RUN: ("–", "dim"),
    CellState.MANUAL: ("·", "dim"),
}


def points_table(cells: Sequence[Graded], *, width: int) -> Table:
    return table(
        [Column(""), Column("cell"), Column("points", "right"), Column("why", flexible=True)],
        [
            [
                Text(*MARKS[each.result.state]),
                each.result.id,
                f"{'–' if each.waits else f'{each.points:g}'} of {each.result.possible:g}",
                _why(each),
            ]
            for each in cells
        ],
        width=width,
    )


def _why(cell: Graded) -> str:
    if cell.waits:
        told = ["to be read"]
    elif cell.mark:
        told = [*map(_item, cell.mark.items), cell.mark.comment]
    else:
        told = [cell.result.message]
    return "; ".join(filter(None, (*told, *cell.result.notes)))


def _item(one: Item) -> str:
    return f"{'✓' if one.met else '✗'} {one.text} ({one.points:g})"


def _kind(one: Submission) -> str:
    return {RunKind.TRAIN: ", a train run", RunKind.NOTEBOOK: ", a notebook"}.get(one.run_kind, "")


def _resources(used: Resources) -> list[tuple[str, Text | str]]:
    """What was used of which limits, and which one was met."""
    facts: list[tuple[str, Text | str]] = []
    if used.wall_seconds:  # a training that failed was never asked anything
        facts.append(("used", disclosure.used(used)))
    if used.killed:
        facts.append(("limit met", Text(f"{used.killed}, while {used.doing}", "red")))
    if used.dropped_bytes:
        facts.append(("output", "what was printed on held-out items was dropped"))
    return [*facts, ("sandbox", disclosure.sandbox(used))]
