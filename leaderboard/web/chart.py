"""Where things lie on the little axis that every row of a board shares: better is always to the right."""

from collections.abc import Sequence
from dataclasses import dataclass

from grader.outline import Metric, Tier
from leaderboard.records import Row

WIDTH, HEIGHT = 240.0, 24.0  # SVG units of a row's drawing
MARGIN = 6.0
SHORTEST = 3.0  # an interval narrower than this would not be seen


REACH = 2.0  # how far below the easiest tier the axis goes, in distances of the easiest to the hardest


@dataclass(frozen=True)
class Span:
    """A row's interval: its dot and the two ends of its bar, in SVG units. `off`: left of the axis."""

    dot: float
    left: float
    right: float
    off: bool


@dataclass(frozen=True)
class Tick:
    name: str
    label: str
    at: float


@dataclass(frozen=True)
class Axis:
    """A linear scale from the `worst` score it shows to the `best`."""

    worst: float
    best: float

    def at(self, score: float) -> float:
        share = (score - self.worst) / (self.best - self.worst)
        return round(MARGIN + min(max(share, 0.0), 1.0) * (WIDTH - 2 * MARGIN), 1)

    def span(self, row: Row) -> Span:
        dot = self.at(row.score)
        left, right = sorted((self.at(row.score - row.half_width), self.at(row.score + row.half_width)))
        off = dot == MARGIN and row.score != self.worst
        return Span(dot, min(left, dot - SHORTEST / 2), max(right, dot + SHORTEST / 2), off)

    def ticks(self, tiers: Sequence[Tier], digits: int) -> list[Tick]:
        return [Tick(tier.name, f"{tier.score:.{digits}f}", self.at(tier.score)) for tier in tiers]


def axis(rows: Sequence[Row], tiers: Sequence[Tier], metric: Metric) -> Axis:
    """An axis over all tiers and rows; rows hopelessly far below the tiers don't squeeze the rest."""
    sign = 1.0 if metric.higher_is_better else -1.0
    marks = [sign * tier.score for tier in tiers]
    ends = marks + [sign * row.score + end for row in rows for end in (-row.half_width, row.half_width)]
    worst, best = min(ends, default=0.0), max(ends, default=1.0)
    if len(marks) > 1:
        worst = max(worst, min(marks) - REACH * (max(marks) - min(marks)))
    return Axis(sign * worst, sign * best if best > worst else sign * (worst + 1.0))
