"""The integrity report for the terminal, as CSV and as JSON: what there is to look at, a line each."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from leaderboard.integrity.evidence import Evidence
from leaderboard.integrity.findings import Findings, Pair, Single
from leaderboard.listing import Column, Style, csv_text, json_text, table, terminal, write
from leaderboard.plain import one_line
from leaderboard.web.integrity import told

LOOKS = ("lookAt", "ref", "team", "kind", "otherRef", "otherTeam", "otherKind", "kappa", "profile", "files")
LISTED = 20  # pairs in a terminal; the page and the other styles have all
LEFT_TO_RIGHT = "\u200e"  # after a right-to-left name, keeps the cells to its right in their order
INNOCENT = (
    "Look at these; none is a verdict. A common lecture, starter or public solution, a method without luck, "
    "permitted work together and chance all look like this. Ask both sides before you conclude anything."
)


def print_findings(
    findings: Findings, title: str, style: str = "table", *, console: Console | None = None
) -> None:
    """Print what to look at: pairs, the plainest first, then single entries."""
    if style == Style.CSV:
        write(csv_text(LOOKS, _rows(findings)))
    elif style == Style.JSON:
        write(json_text(LOOKS, _rows(findings)))
    else:
        _print_table(findings, title, console or terminal())


def _rows(findings: Findings) -> list[Sequence[Any]]:
    return [*map(_pair, findings.pairs), *map(_single, findings.singles)]


def _pair(pair: Pair) -> Sequence[Any]:
    files = [told(file) for file in pair.files]
    return (
        ", ".join(pair.signs),
        *_entry(pair.first),
        *_entry(pair.second),
        *_values(pair),
        "; ".join(files),
    )


def _single(single: Single) -> Sequence[Any]:
    return (str(single.sign), *_entry(single.entry), None, "", "", None, None, single.sentence)


def _entry(one: Evidence) -> tuple[int, str, str]:
    return one.ref, one.team, str(one.kind)


def _values(pair: Pair) -> tuple[float | None, float | None]:
    """κ and r, None where there is none."""
    values = {reading.measure.name: reading.value for reading in pair.readings}
    return values.get("κ"), values.get("r")


def _print_table(findings: Findings, title: str, console: Console) -> None:
    columns = [
        Column("look at", flexible=True),
        Column("entry", flexible=True),
        Column("and", flexible=True),
        Column("κ", "right"),
        Column("r", "right"),
    ]
    rows = [_cells(pair, steered=console.is_terminal) for pair in findings.pairs[:LISTED]]
    rows += [
        [str(one.sign), _named(one.entry, steered=console.is_terminal), "", "", ""]
        for one in findings.singles
    ]
    made = table(columns, rows, width=console.width, title=f"{title}: worth a look")
    made.caption = None if rows else Text("nothing that is seldom so by chance")
    console.print(made)
    for line in _remarks(findings):
        console.print(Text(one_line(line), "dim"))


def _cells(pair: Pair, *, steered: bool) -> list[Text | str]:
    kappa, profile = (f"{value:.3f}" if value is not None else "" for value in _values(pair))
    named = [_named(one, steered=steered) for one in (pair.first, pair.second)]
    return [", ".join(pair.signs), *named, kappa, profile]


def _named(one: Evidence, *, steered: bool) -> Text:
    text = f"#{one.ref} {one_line(one.team)}" + LEFT_TO_RIGHT * steered
    return Text(text, "italic" if one.shipped else "bold")


def _remarks(findings: Findings) -> list[str]:
    said = [f"{findings.entries:,} entries, {findings.compared:,} pairs of different teams."]
    if len(findings.pairs) > LISTED:
        said.append(f"{len(findings.pairs) - LISTED:,} more pairs: see the page, or --format csv.")
    said += [f"#{ref} should take no rank: {reason}." for ref, reason in findings.unranked.items()]
    said += [f"{one.name} is in {len(one.teams)} teams' archives: not shown." for one in findings.commons]
    return [*said, *findings.notes, *([INNOCENT] if findings.pairs or findings.singles else [])]
