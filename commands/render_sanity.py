"""What an assignment's sanity suite found: for the terminal, as CSV and JSON, and as a table of all."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from grader.report import Report
from grader.sanity import Outcome
from grader.spec import Assignment
from leaderboard.listing import Cell, Column, Style, csv_text, json_text, score, table, terminal, write
from leaderboard.plain import one_line

Found = Mapping[str, tuple[Assignment, Sequence[Outcome]]]  # by slug
HEAD = (
    "# Honest and other submissions, and what becomes of them",
    "",
    "Written by `heldout assignment check --write FILE`: each case graded in the sandbox like a student's",
    "submission, on 256 held-out items; its verdict, or its score on the public board. What a case tries is",
    "said in its expected.toml.",
    "",
)
HEADER = ("assignment", "case", "verdict", "reason", "score", "half_width", "expected", "complaints", "about")


def print_outcomes(
    assignment: Assignment, outcomes: Sequence[Outcome], *, console: Console | None = None
) -> None:
    """Print each case: whether it went as expected, its verdict, what it is about."""
    columns = [Column(""), Column("case"), Column("verdict"), Column("about", flexible=True)]
    rows: list[list[Text | str]] = [
        [
            Text("✗", "red") if outcome.complaints else Text("✓", "green"),
            outcome.case.name,
            _verdict(assignment, outcome.report),
            outcome.case.expected.about,
        ]
        for outcome in outcomes
    ]
    console = console or terminal()
    console.print(table(columns, rows, width=console.width, title=assignment.title))
    for outcome in outcomes:
        for complaint in outcome.complaints:
            console.print(Text(f"{outcome.case.name}: {one_line(complaint)}", "red"))


def print_listed(found: Found, style: str) -> None:
    """All assignments' cases as one CSV or JSON document."""
    cells = [_cells(assignment, outcome) for assignment, outcomes in found.values() for outcome in outcomes]
    write(csv_text(HEADER, cells) if style == Style.CSV else json_text(HEADER, cells))


def _cells(assignment: Assignment, outcome: Outcome) -> tuple[Cell, ...]:
    report, expected = outcome.report, outcome.case.expected
    found = report.public.get(assignment.metric.name)
    return (
        assignment.slug,
        outcome.case.name,
        str(report.verdict),
        str(report.failure.reason) if report.failure else "",
        found.value if found else None,
        found.half_width if found else None,
        str(expected.reason or expected.verdict),
        outcome.complaints,
        expected.about,
    )


def _verdict(assignment: Assignment, report: Report) -> str:
    if report.failure is not None:
        return f"failed: {report.failure.reason}"
    found = report.public.get(assignment.metric.name)
    if found is None:
        return str(report.verdict)
    value = score(found.value, found.half_width, assignment.metric)
    return f"{value} {assignment.metric.unit}".strip()


def sanity_table(found: Found) -> str:
    """Markdown: a row for each case, a column for each assignment, in the cells the verdicts."""
    names = sorted({outcome.case.name for _, outcomes in found.values() for outcome in outcomes})
    lines = [*HEAD, f"| case | {' | '.join(found)} |", f"|---|{'---|' * len(found)}"]
    for name in names:
        cells = [_cell(name, assignment, outcomes) for assignment, outcomes in found.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(name: str, assignment: Assignment, outcomes: Sequence[Outcome]) -> str:
    for outcome in outcomes:
        if outcome.case.name == name:
            wrong = " (not as expected)" if outcome.complaints else ""
            return _verdict(assignment, outcome.report) + wrong
    return ""
