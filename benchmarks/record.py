"""A benchmark's rows: printed as a table, kept in results.json."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True)
class Row:
    """`bar` says in words what must hold, "≤ 100 ms"; empty for a figure that only informs."""

    name: str
    value: float
    unit: str
    bar: str = ""
    holds: bool | None = None


def at_most(name: str, value: float, unit: str, limit: float) -> Row:
    return Row(name, value, unit, f"≤ {limit:g} {unit}".rstrip(), value <= limit)


def at_least(name: str, value: float, unit: str, limit: float) -> Row:
    return Row(name, value, unit, f"≥ {limit:g} {unit}".rstrip(), value >= limit)


def between(name: str, value: float, unit: str, low: float, high: float) -> Row:
    return Row(name, value, unit, f"{low:g} … {high:g} {unit}".rstrip(), low <= value <= high)


def show(title: str, rows: Sequence[Row]) -> None:
    table = Table(title=title, title_justify="left", box=None, header_style="dim")
    for header, justify in (
        ("", "left"),
        ("value", "right"),
        ("unit", "left"),
        ("bar", "left"),
        ("holds", "left"),
    ):
        table.add_column(header, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        holds = "" if row.holds is None else "yes" if row.holds else "[red]no[/]"
        table.add_row(row.name, f"{row.value:,.3g}", row.unit, row.bar, holds)
    Console().print(table)


def keep(benchmark: str, rows: Sequence[Row]) -> None:
    """Replace this benchmark's rows in results.json; the others stay."""
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    found[benchmark] = [asdict(row) for row in rows]
    RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


Benchmark = Callable[[], list[Row]]
