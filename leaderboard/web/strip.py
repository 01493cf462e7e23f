"""A little histogram of all pairs on one measure, for a page: where the bar is, and where one pair lies."""

from dataclasses import dataclass

import numpy as np

from leaderboard.integrity.findings import Measure

WIDTH, BASE = 320.0, 40.0  # SVG units; below BASE are the pair's mark and, lower still, numbers
COLUMNS = 64
SHORTEST = 2.0  # a single pair among 45,000 would not be seen


@dataclass(frozen=True)
class Column:
    left: float
    top: float
    width: float
    height: float
    above: bool  # the bar


@dataclass(frozen=True)
class Strip:
    """`low` to 1, left to right."""

    measure: Measure
    low: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (1 - self.low)
        return round(min(max(share, 0.0), 1.0) * WIDTH, 1)

    @property
    def columns(self) -> list[Column]:
        counts, edges = np.histogram(self.measure.values.clip(self.low, 1), COLUMNS, range=(self.low, 1.0))
        width = WIDTH / COLUMNS
        found = []
        for count, edge in zip(counts, edges, strict=False):
            if count:
                height = max(SHORTEST, BASE * float(count) / float(counts.max()))
                above = edge >= self.measure.bar
                found.append(Column(self.at(edge), round(BASE - height, 1), width, round(height, 1), above))
        return found

    @property
    def says(self) -> str:
        """The picture in words."""
        one = self.measure
        return (
            f"{len(one.values):,} pairs, {one.name} {one.values.min():.2f} to {one.values.max():.2f}, "
            f"median {one.median:.2f}; {one.above:,} at or above the bar of {one.bar:.2f}"
        )


def strip(measure: Measure) -> Strip:
    """An axis from the lowest pair, rounded down, to 1."""
    lowest = min(float(measure.values.min(initial=1.0)), measure.bar - 0.1)
    return Strip(measure, max(-1.0, np.floor(10 * lowest) / 10))
