"""What the shipped solutions reached, from stored judgings: a table, CSV, JSON, or a page of Markdown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console

from grader.outline import Metric, Outline
from grader.report import Estimate, Training
from leaderboard.listing import Column, Style, csv_text, json_text, score, table, terminal, write

MARKDOWN = "markdown"
FIELDS = (
    "assignment", "solution", "kind", "metric", "score", "halfWidth", "parameters",
    "trainedScore", "trainedHalfWidth", "steps", "cpuSeconds",
)  # fmt: skip
TITLES = ("solution", "score", "parameters", "trained here", "steps", "CPU-s")


@dataclass(frozen=True)
class Reached:
    """Of a solution: what it scored on private items as it is shipped, and after the grader trained its code.

    None: not judged in this course. Of several trainings the steps are the first's, the scores their mean.
    """

    outline: Outline
    kind: str  # "baseline" or "reference"
    name: str
    parameters: int
    score: Estimate | None = None
    trained: Estimate | None = None
    training: Training | None = None

    @property
    def metric(self) -> Metric:
        return self.outline.metric


def print_solutions(
    found: Sequence[Reached], style: str = "table", *, console: Console | None = None
) -> None:
    """From the worst to the best of each assignment; those that were never judged come first."""
    found = [
        one for _, some in groupby(found, lambda one: one.outline.slug) for one in sorted(some, key=_worth)
    ]
    if style in (Style.CSV, Style.JSON):
        rows = [_fields(one) for one in found]
        write(csv_text(FIELDS, rows) if style == Style.CSV else json_text(FIELDS, rows))
        return
    if style == MARKDOWN:
        write("\n".join(_page(found)))
        return
    console = console or terminal()
    named, *figures = TITLES
    columns = [Column(named, flexible=True), *(Column(title, "right") for title in figures)]
    for outline, some in _by_assignment(found):
        title = f"{outline.title}: {_called(outline.metric)}"
        console.print(table(columns, [_cells(one) for one in some], width=console.width, title=title))


def _worth(one: Reached) -> tuple[bool, float]:
    if one.score is None:
        return False, 0.0
    return True, one.score.value if one.metric.higher_is_better else -one.score.value


def _by_assignment(found: Sequence[Reached]) -> Iterator[tuple[Outline, list[Reached]]]:
    for _, some in groupby(found, lambda one: one.outline.slug):
        listed = list(some)
        yield listed[0].outline, listed


def _called(metric: Metric) -> str:
    better = "higher" if metric.higher_is_better else "lower"
    return f"{metric.name}{f', {metric.unit}' if metric.unit else ''}; {better} is better"


def _cells(one: Reached) -> list[str]:
    training = one.training
    return [
        f"{one.name} ({one.kind})",
        _told(one.score, one.metric),
        f"{one.parameters:,}",
        _told(one.trained, one.metric),
        f"{training.steps:,}" if training else "",
        f"{training.cpu_seconds:.0f}" if training else "",
    ]


def _told(found: Estimate | None, metric: Metric) -> str:
    return "" if found is None else score(found.value, found.half_width, metric)


def _fields(one: Reached) -> list[str | float | None]:
    score, trained, training = one.score, one.trained, one.training
    return [
        one.outline.slug,
        one.name,
        one.kind,
        one.metric.name,
        score.value if score else None,
        score.half_width if score else None,
        one.parameters,
        trained.value if trained else None,
        trained.half_width if trained else None,
        training.steps if training else None,
        training.cpu_seconds if training else None,
    ]


def _page(found: Sequence[Reached]) -> Iterator[str]:
    yield "# What the shipped solutions reach"
    yield ""
    yield "Made by `heldout solutions --format markdown` from judgings that `make train-references` left."
    yield "Scores are those of a course's private items, ± the half-width of a 95 % interval. Trained here:"
    yield "the same code, its weights left at home, by the grader under the budget of that course."
    for outline, some in _by_assignment(found):
        yield from ("", f"## {outline.title} (`{outline.slug}`)", "", _called(outline.metric), "")
        yield f"| {' | '.join(TITLES)} |"
        yield "|---" + "|--:" * (len(TITLES) - 1) + "|"
        for one in some:
            yield f"| {' | '.join([_link(one), *_cells(one)[1:]])} |"
    yield ""


def _link(one: Reached) -> str:
    parent = "../baselines" if one.kind == "baseline" else "."
    return f"[{one.name}]({parent}/{one.outline.slug}/{one.name}/model.py) ({one.kind})"
