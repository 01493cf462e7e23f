"""Submissions for the terminal, as CSV and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.outline import Metric, Outline, RunKind
from grader.report import Resources
from leaderboard import disclosure
from leaderboard.listing import Column, Style, csv_text, json_text, score, table, terminal, write
from leaderboard.plain import lines, one_line
from leaderboard.records import State, Submission

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
        _submission_cells(one, assignment.metric, revealed=revealed.get(one.run_kind, False))
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
    metric = assignment.metric
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
    if one.place is not None and one.place.seconds is None:
        facts.append(("", "no grader is at work: your instructor starts one"))
    for metric in assignment.metrics:
        for label, estimates in (("", one.public), (", private", one.private if revealed else None)):
            if estimate := (estimates or {}).get(metric.name):
                text = f"{score(estimate.value, estimate.half_width, metric)} {metric.unit}"
                facts.append((metric.name + label, Text(text, "bold" if metric is assignment.metric else "")))
    facts += [
        ("", text) for text in disclosure.remarks(one, undo=f"with `heldout withdraw {one.ref} --undo`")
    ]
    if one.judging is not None and one.judging.training is not None:
        facts.append(("trained", disclosure.trained(one.judging.training, assignment)))
    if one.judging is not None and one.judging.resources.launcher:
        facts += _resources(one.judging.resources)
    return facts


def _kind(one: Submission) -> str:
    return ", a train run" if one.run_kind is RunKind.TRAIN else ""


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
