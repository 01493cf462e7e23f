"""How a class's percentages are distributed: counts in steps, for a terminal and for a picture. Pure."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

WHOLE = 100


@dataclass(frozen=True)
class Bin:
    """From `low` on, below `high`: the last one from `low` on, whatever is above."""

    low: int
    high: int
    count: int


def bins(percents: Sequence[float], step: int = 10) -> list[Bin]:
    """Covers 0 to 100 and, where somebody has more, what is beyond.

    >>> [one.count for one in bins([0.0, 99.9, 100.0, 104.0])]
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]
    """
    most = max((math.floor(one) for one in percents), default=0)
    last = max(most, WHOLE - step) // step
    counts = [0] * (last + 1)
    for one in percents:
        counts[min(last, max(0, math.floor(one / step)))] += 1
    return [Bin(number * step, (number + 1) * step, count) for number, count in enumerate(counts)]


@dataclass(frozen=True)
class Summary:
    students: int
    mean: float
    median: float


def summary(percents: Sequence[float]) -> Summary | None:
    """None where nobody has a grade."""
    if not percents:
        return None
    return Summary(len(percents), statistics.fmean(percents), statistics.median(percents))
