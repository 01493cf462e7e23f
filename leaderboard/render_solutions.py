"""What the shipped solutions reached: a table, CSV, JSON, or a page of Markdown."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Console

from grader.outline import Metric, Outline
from grader.report import Estimate
from leaderboard.listing import Column, Style, csv_text, json_text, score, table, terminal, write
from leaderboard.reached import FIELDS, Reached, Trained

MARKDOWN = "markdown"
TITLES = ("solution", "score", "parameters", "trained here", "steps", "CPU-s")
HEAD = """# What the shipped solutions reach

Made by `make train-references` from stored judgings, which `judged.json` beside this file keeps.

Scores are those of a course's private items; of `gan`, whose score is a whole set's, the public board's,
which has the scale of the tiers. ± is the half-width of a 95 % interval: how far other items might have
moved the score, not how far another training would. *Trained here* is the same code, its weights left at
home, trained by the grader on what it deals to a train run of that course's data; shipped weights were
made by hand, most of them from the published images, which a course turns and stretches. Parameters are
all numbers in a solution's files, stored examples and statistics among them. *Cut*: the budget ended
before the training did."""


def print_solutions(
    found: Sequence[Reached], style: str = "table", *, console: Console | None = None
) -> None:
    """From the worst to the best of each assignment; those that were never judged come first."""
    found = _ordered(found)
    if style in (Style.CSV, Style.JSON):
        rows = [one.cells for one in found]
        write(csv_text(FIELDS, rows) if style == Style.CSV else json_text(FIELDS, rows))
        return
    if style == MARKDOWN:
        write(page(found))
        return
    console = console or terminal()
    named, *figures = TITLES
    columns = [Column(named, flexible=True), *(Column(title, "right") for title in figures)]
    for outline, some in _by_assignment(found):
        title = f"{outline.title}: {_called(outline.metric, some)}"
        console.print(table(columns, [_cells(one) for one in some], width=console.width, title=title))


def page(found: Sequence[Reached]) -> str:
    """In Markdown; to lie in reference_solutions/."""
    return "\n".join(_lines(_ordered(found))) + "\n"


def _ordered(found: Sequence[Reached]) -> list[Reached]:
    return sorted(found, key=lambda one: (one.outline.slug, _worth(one)))


def _worth(one: Reached) -> tuple[bool, float]:
    """Of what was never judged as it is shipped, by what its training came to."""
    found = one.score or (one.trained.score if one.trained else None)
    if found is None:
        return False, 0.0
    return True, found.value if one.metric.higher_is_better else -found.value


def _by_assignment(found: Sequence[Reached]) -> Iterator[tuple[Outline, list[Reached]]]:
    for _, some in groupby(found, lambda one: one.outline.slug):
        listed = list(some)
        yield listed[0].outline, listed


def _called(metric: Metric, some: Sequence[Reached]) -> str:
    better = "higher" if metric.higher_is_better else "lower"
    budgets = {f"{one.trained.budget_seconds:,.0f}" for one in some if one.trained}
    trained = f"; trained within {' or '.join(sorted(budgets))} CPU-s" if budgets else ""
    return f"{metric.name}{f', {metric.unit}' if metric.unit else ''}; {better} is better{trained}"


def _cells(one: Reached) -> list[str]:
    trained = one.trained
    return [
        f"{one.name} ({one.kind})",
        _told(one.score, one.metric),
        f"{one.parameters:,}",
        _told(trained.score if trained else None, one.metric),
        f"{trained.steps:,}" if trained else "",
        _used(trained) if trained else "",
    ]


def _told(found: Estimate | None, metric: Metric) -> str:
    return "" if found is None else score(found.value, found.half_width, metric)


def _used(trained: Trained) -> str:
    return f"{trained.cpu_seconds:,.0f}{', cut' if trained.cut else ''}"


def _lines(found: Sequence[Reached]) -> Iterator[str]:
    yield HEAD
    for outline, some in _by_assignment(found):
        called = _called(outline.metric, some)
        yield from ("", f"## {outline.title} (`{outline.slug}`)", "", called, "")
        yield f"| {' | '.join(TITLES)} |"
        yield "|---" + "|--:" * (len(TITLES) - 1) + "|"
        for one in some:
            yield f"| {' | '.join([_link(one), *_cells(one)[1:]])} |"


def _link(one: Reached) -> str:
    parent = "../baselines" if one.kind == "baseline" else "."
    return f"[{one.name}]({parent}/{one.outline.slug}/{one.name}/model.py) ({one.kind})"
