"""The distribution of a board's scores as a drawing: where the class stands, and what it is measured by."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup

from grader.outline import Metric, Tier
from leaderboard.records import Row, TeamKind
from leaderboard.web.drawing import SLIM, WIDE, Sheet, draw, least
from leaderboard.web.formats import name, score
from leaderboard.web.lettering import extent, in_rows, label
from leaderboard.web.scales import Mark, Scale, round_step, shown_range

ENOUGH = 12  # teams for a histogram; fewer are shown one by one
MARGIN = 22.0  # SVG units beside the plot
FEWEST, MOST = 8, 40  # bins, about
FARTHEST = 10  # per cent of the teams, the last ones, for whom an axis isn't made longer
ROWS = {"wide": 5, "slim": 4}  # of labels
RADIUS = 6.0  # of a team's dot


@dataclass(frozen=True)
class Crowd:
    """What is told, on whatever sheet. `students` are all that have a score, `shipped` the solutions."""

    metric: Metric
    tiers: Sequence[Tier]
    students: Sequence[Row]
    shipped: Sequence[Row]
    you: str
    worst: float
    best: float

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """Worse, median, better: a quarter of the teams is below the first."""
        worse, middle, better = np.percentile([row.score for row in self.students], [25, 50, 75]).tolist()
        return (worse, middle, better) if self.metric.higher_is_better else (better, middle, worse)

    @property
    def reached(self) -> Sequence[tuple[str, int]]:
        """How many teams are in each tier, the hardest first, and in none."""
        found = Counter(row.tier for row in self.students)
        named = [(tier.name, found[tier.name]) for tier in reversed(self.tiers)]
        return [*named, ("none", len(self.students) - sum(count for _, count in named))]


@dataclass(frozen=True)
class Post:
    """A vertical mark from its label at the baseline `y`, or from the plot's top where there was no room."""

    at: float
    text: str
    x: float
    y: float
    style: str
    says: str


@dataclass(frozen=True)
class Bar:
    left: float
    width: float
    top: float
    height: float
    yours: bool
    says: str


@dataclass(frozen=True)
class Point:
    """A team by itself, with the ends of its interval."""

    x: float
    y: float
    left: float
    right: float
    yours: bool
    says: str


@dataclass(frozen=True)
class Layout:
    """One sheet, in SVG units. `typical` is the length of the median interval."""

    sheet: Sheet
    left: float
    right: float
    top: float
    bottom: float
    marks: Sequence[Mark]
    counts: Sequence[Mark]
    posts: Sequence[Post]
    bars: Sequence[Bar]
    points: Sequence[Point]
    typical: float
    median: float
    off: int  # teams left of the axis


def distribution(rows: Sequence[Row], metric: Metric, tiers: Sequence[Tier] = (), *, you: str = "") -> Markup:
    """An SVG of the students' scores: a histogram, or dots with their intervals below 12 teams.

    Better is to the right. Tiers, easiest first, and shipped solutions are vertical marks; the student team
    named `you` is marked too.
    """
    students = [row for row in rows if row.kind is TeamKind.STUDENT]
    shipped = [row for row in rows if row.kind is not TeamKind.STUDENT]
    if not students:
        return draw("distribution.svg", crowd=None, metric=metric, layouts=[])
    worst, best = _range(students, shipped, metric, tiers)
    crowd = Crowd(metric, tiers, students, shipped, you, worst, best)
    return draw(
        "distribution.svg", crowd=crowd, metric=metric, layouts=[_layout(crowd, s) for s in (WIDE, SLIM)]
    )


def bin_edges(scores: Sequence[float], low: float, high: float) -> list[float]:
    """Edges of bins over `low` to `high`, all multiples of one round width.

    About as wide as Freedman and Diaconis (1981) have it, 2 IQR / n^(1/3), but about 5 to 50 of them: numpy's
    own rule would make as many as quartiles that almost agree ask for.
    """
    inside = np.clip(scores, low, high)
    low_quarter, high_quarter = np.percentile(inside, [25, 75])
    rule = 2.0 * (high_quarter - low_quarter) / len(inside) ** (1 / 3)
    step = round_step(0.7 * min(max(rule, (high - low) / MOST), (high - low) / FEWEST))  # up to 1.75 of it
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    return [float(edge) for edge in np.arange(first, last + 1) * step]


def _range(
    students: Sequence[Row], shipped: Sequence[Row], metric: Metric, tiers: Sequence[Tier]
) -> tuple[float, float]:
    sign = 1.0 if metric.higher_is_better else -1.0
    scores = [sign * row.score for row in students]
    enough = float(np.percentile(scores, FARTHEST))
    ends = [row.score + end for row in students for end in (-row.half_width, row.half_width)]
    marks = [tier.score for tier in tiers]
    return shown_range(
        marks + [sign * own for own in scores if own >= enough],
        marks
        + (ends if len(students) < ENOUGH else [row.score for row in students])
        + sorted((row.score for row in shipped), reverse=metric.higher_is_better)[:1],
        higher_is_better=metric.higher_is_better,
        least=least(metric),
    )


def _layout(crowd: Crowd, sheet: Sheet) -> Layout:
    shown = [row for row in crowd.students if _between(row.score, crowd.worst, crowd.best)]
    many = len(crowd.students) >= ENOUGH
    bins = _bins(shown, crowd) if many else []
    most = max((count for _, _, count in bins), default=0)
    left = MARGIN + (sheet.letter * extent(str(most)) + 6 if many else 0)
    right, bottom = sheet.width - MARGIN, sheet.height - 2.9 * sheet.line
    worst, best = (bins[0][0], bins[-1][1]) if bins else (crowd.worst, crowd.best)
    along = Scale(worst, best, left, right)
    posts, rows = _posts(crowd, along, sheet)
    top = (1.8 + rows) * sheet.line + 4
    up = Scale(0, max(most, 1), bottom, top + 6)
    return Layout(
        sheet,
        left,
        right,
        top,
        bottom,
        along.marks(int((right - left) / (5 * sheet.letter))),
        _counts(up, most, sheet),
        [replace(post, y=top - 6 - post.y * sheet.line) for post in posts],
        [_bar(one, crowd, along, up) for one in bins if one[2]],
        [] if many else _points(shown, crowd, along, (top, bottom)),
        _typical(crowd, along, sheet) if many else 0.0,
        along.at(crowd.quartiles[1]),
        len(crowd.students) - len(shown),
    )


def _between(value: float, one: float, other: float) -> bool:
    return min(one, other) <= value <= max(one, other)


def _bins(shown: Sequence[Row], crowd: Crowd) -> list[tuple[float, float, int]]:
    """Each bin's worse and better end and its count, the worst bin first."""
    scores = [row.score for row in shown]
    edges = bin_edges(scores, *sorted((crowd.worst, crowd.best)))
    counts = np.histogram(scores, edges)[0].tolist()
    rising = list(zip(edges, edges[1:], counts, strict=False))
    if crowd.metric.higher_is_better:
        return rising
    return [(high, low, count) for low, high, count in reversed(rising)]


def _bar(one: tuple[float, float, int], crowd: Crowd, along: Scale, up: Scale) -> Bar:
    worse, better, count = one
    low, high = sorted((worse, better))
    yours = any(low <= row.score < high for row in crowd.students if row.team == crowd.you)
    left, right, top = along.at(worse), along.at(better), up.at(count)
    between = f"{score(low, crowd.metric)} to {score(high, crowd.metric)}"
    says = f"{between}: {count} team{'' if count == 1 else 's'}"
    return Bar(left + 0.5, max(right - left - 1, 0.5), top, up.start - top, yours, says)


def _counts(up: Scale, most: int, sheet: Sheet) -> list[Mark]:
    """Whole numbers of teams; none for a strip of dots."""
    marks = up.marks(max(1, min(most, int((up.start - up.end) / (2.4 * sheet.line))))) if most else []
    return [mark for mark in marks if "." not in mark.label]


def _points(shown: Sequence[Row], crowd: Crowd, along: Scale, between: tuple[float, float]) -> list[Point]:
    """Dots one above the other where their intervals would overlap."""
    rows = sorted(shown, key=lambda row: along.at(row.score))
    ends = [
        sorted((along.at(row.score - row.half_width), along.at(row.score + row.half_width))) for row in rows
    ]
    spans = [
        (min(left, along.at(row.score) - RADIUS) - 3, max(right, along.at(row.score) + RADIUS) + 3)
        for row, (left, right) in zip(rows, ends, strict=True)
    ]
    places = [place or 0 for place in in_rows(spans, len(spans))]
    top, bottom = between
    used = max(places, default=0) + 1
    pitch = min(4 * RADIUS, (bottom - top) / (used + 1))
    lowest = (top + bottom + (used - 1) * pitch) / 2
    return [
        Point(
            along.at(row.score), lowest - place * pitch, left, right, row.team == crowd.you, _says(row, crowd)
        )
        for row, place, (left, right) in zip(rows, places, ends, strict=True)
    ]


def _posts(crowd: Crowd, along: Scale, sheet: Sheet) -> tuple[list[Post], int]:
    """Vertical marks and how many rows their labels take; `y` still counts rows from the plot upwards."""
    metric, found = crowd.metric, list[Post]()
    for row in crowd.students:
        if row.team == crowd.you and along.shows(row.score):
            at = along.at(row.score)
            found.append(
                Post(at, f"{label(row.team, 12)} {score(row.score, metric)}", 0, 0, "you", _says(row, crowd))
            )
    for tier in crowd.tiers:
        if along.shows(tier.score):
            says = f"{label(tier.name, 12)} {score(tier.score, metric)}"
            text = says if sheet is WIDE else label(tier.name, 12)
            found.append(Post(along.at(tier.score), text, 0, 0, "tier", says))
    for row in crowd.shipped:
        if along.shows(row.score):
            found.append(Post(along.at(row.score), label(row.team, 12), 0, 0, "shipped", _says(row, crowd)))
    return _placed(found, sheet)


def _says(row: Row, crowd: Crowd) -> str:
    return f"{name(row.team)}: {score(row.score, crowd.metric)} ± {score(row.half_width, crowd.metric)}"


def _placed(posts: Sequence[Post], sheet: Sheet) -> tuple[list[Post], int]:
    """The same with places for their labels, or no label where all rows are taken."""
    widths = [extent(post.text) * sheet.letter + 10 for post in posts]
    middles = [
        min(max(post.at, width / 2), sheet.width - width / 2)
        for post, width in zip(posts, widths, strict=True)
    ]
    spans = [(x - width / 2, x + width / 2) for x, width in zip(middles, widths, strict=True)]
    rows = in_rows(spans, ROWS[sheet.name])
    placed = [
        replace(post, x=x, y=row or 0, text="" if row is None else post.text)
        for post, x, row in zip(posts, middles, rows, strict=True)
    ]
    return placed, max((row + 1 for row in rows if row is not None), default=0)


def _typical(crowd: Crowd, along: Scale, sheet: Sheet) -> float:
    """The length of the median interval; 0 where it is too short to be seen or too long for its corner."""
    half_width = float(np.median([row.half_width for row in crowd.students]))
    length = 2 * half_width * abs((along.end - along.start) / (along.high - along.low))
    return length if 6 <= length <= 0.2 * sheet.width else 0.0
