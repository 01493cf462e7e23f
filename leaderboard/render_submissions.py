"""Submissions for the terminal, as CSV and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.report import Resources, Training
from grader.spec import MIB, Assignment, Metric, RunKind, readable
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
    assignment: Assignment,
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
    submissions: Sequence[Submission], assignment: Assignment, rows: Sequence[Cells], *, width: int
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
                Text(_status(one) if wide else _word(one), COLOURS.get(one.state, "")),
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


def _word(one: Submission) -> str:
    """Where there is room for one."""
    words = {
        "withdrawn": one.withdrawn,
        "unranked": bool(one.same_as),
        "withheld": one.withheld,
        "selected": one.selected,
    }
    return next((word for word, holds in words.items() if holds), str(one.state))


def _status(one: Submission) -> str:
    kind = " (train run)" if one.run_kind is RunKind.TRAIN else ""
    if one.withdrawn:
        return f"withdrawn{kind}"
    if one.same_as:
        return f"unranked: a reference's answers{kind}"
    if one.withheld:
        return f"no significant improvement{kind}"
    if one.selected:
        return f"{one.state}, selected{kind}"
    if one.failure is not None:
        return f"failed: {one.failure.reason}{kind}"
    return f"queued, {one.ahead} ahead{kind}" if one.ahead else f"{one.state}{kind}"


def print_submission(
    one: Submission, assignment: Assignment, style: str = "table", *, console: Console | None = None
) -> None:
    """Print one submission: state, scores, reason, log, what it used. JSON says the same; CSV: its line."""
    if style == Style.JSON:
        write(
            json_text(
                (*SUBMISSIONS, *DETAILS),
                [(*_submission_cells(one, assignment.metric), *_details(one, assignment.metric))],
            )
        )
        return
    if style == Style.CSV:
        print_submissions([one], assignment, style)
        return
    console = console or terminal()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in _facts(one, assignment):
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
        _coarse(judging.resources) if judging else None,
        str(one.run_kind),
        asdict(judging.training) if judging and judging.training else None,
    )


def _coarse(used: Resources) -> dict[str, Any]:
    """Rounded: while it saw held-out items, a submission could have spelt them out in what it used."""
    told = asdict(used)
    dropped = bool(told.pop("dropped_bytes"))
    return told | {
        "wall_seconds": round(used.wall_seconds, 1),
        "cpu_seconds": round(used.cpu_seconds, 1),
        "peak_bytes": _rounded_up(used.peak_bytes),
        "output_dropped": dropped,
    }


def _rounded_up(count: int) -> int:
    return -(-count // (32 * MIB)) * 32 * MIB


def _facts(one: Submission, assignment: Assignment) -> list[tuple[str, Text | str]]:
    facts: list[tuple[str, Text | str]] = [
        ("submission", f"#{one.ref} of {one.team} for {assignment.title}{_kind(one)}"),
        ("file", f"{one.file_name}, {one.size / 1e6:.2f} MB, sha256 {one.sha256}"),
        ("received", f"{one.received_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"),
        ("description", one.description),
        ("status", Text(_status(one), COLOURS.get(one.state, ""))),
    ]
    for metric in assignment.metrics:
        if estimate := (one.public or {}).get(metric.name):
            text = f"{score(estimate.value, estimate.half_width, metric)} {metric.unit}"
            facts.append((metric.name, Text(text, "bold" if metric is assignment.metric else "")))
    if one.same_as:
        facts.append(("", f"the answers are those of {one.same_as}: they take no rank"))
    elif one.withheld:
        facts.append(
            ("", "what the public board tells of you stays as it was; you may still select this one")
        )
    if one.state is State.GRADER_ERROR:
        facts.append(
            ("", "the grader broke, not your code: this costs no attempt; tell your instructor the number")
        )
    if one.judging is not None and one.judging.training is not None:
        facts.append(("trained", _trained(one.judging.training, assignment)))
    if one.judging is not None and one.judging.resources.launcher:
        facts += _resources(one.judging.resources)
    return facts


def _kind(one: Submission) -> str:
    return ", a train run" if one.run_kind is RunKind.TRAIN else ""


def _trained(training: Training, assignment: Assignment) -> str:
    cut = ", then it was cut: what was saved last counts" if training.cut else ""
    used = f"; {training.wall_seconds:.1f} s wall, {readable(training.peak_bytes)}"
    return (
        f"{training.steps:,} steps in {training.cpu_seconds:.0f} of {assignment.budget.cpu_seconds:g} "
        f"CPU-seconds{cut}{_losses(training)}; seed {training.seed}{used if training.wall_seconds else ''}"
    )


def _losses(training: Training) -> str:
    if len(training.curve) < 2:
        return ""
    return f"; loss {training.curve[0][1]:.4g} → {training.curve[-1][1]:.4g}"


def _resources(used: Resources) -> list[tuple[str, Text | str]]:
    """What was used of which limits, and which one was met."""
    facts: list[tuple[str, Text | str]] = []
    if used.wall_seconds:  # a training that failed was never asked anything
        facts.append(("used", _used(used)))
    if used.killed:
        facts.append(("limit met", Text(f"{used.killed}, while {used.doing}", "red")))
    if used.dropped_bytes:
        facts.append(("output", "what was printed on held-out items was dropped"))
    layers = ", ".join(used.layers) or "no layers: this result was not made in a sandbox"
    return [*facts, ("sandbox", f"{used.launcher}: {layers}")]


def _used(used: Resources) -> str:
    wall, memory = f"{used.wall_seconds:.1f} s wall", readable(_rounded_up(used.peak_bytes))
    if used.limits:
        wall += f" (limit {used.limits.check_seconds:g} s public + {used.limits.wall_seconds:g} s held-out)"
        memory += f" of {readable(used.limits.memory_bytes)}"
    return f"{wall}, {used.cpu_seconds:.1f} s CPU, {memory}"
