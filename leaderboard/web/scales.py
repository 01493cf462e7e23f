"""From scores and moments to places on a drawing: linear scales, and round figures to mark on them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MINUTE, HOUR, DAY, WEEK = 60, 3_600, 86_400, 604_800  # seconds
CLOCK_STEPS = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR)
DAY_STEPS = (DAY, 2 * DAY, WEEK, 2 * WEEK)
MONTH_STEPS = (1, 3, 6, 12)
MONTH = 30.4 * DAY
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)  # where steps are counted from: weeks begin on Mondays

REACH = 1.0  # how far below what matters an axis goes, in lengths of what matters
OUTSIDE = 0.5  # how far off the ends a place may be, in lengths of the scale: no drawing needs more


@dataclass(frozen=True)
class Mark:
    """A figure on an axis and its place; `under` is a second line, left empty where it is as before."""

    at: float
    label: str
    under: str = ""


@dataclass(frozen=True)
class Scale:
    """Linear: `low` is drawn at `start` and `high` at `end`, in SVG units; either may be the larger."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + min(max(share, -OUTSIDE), 1 + OUTSIDE) * (self.end - self.start), 1)

    def shows(self, value: float) -> bool:
        return min(self.low, self.high) <= value <= max(self.low, self.high)

    def marks(self, at_most: int) -> list[Mark]:
        low, high = sorted((self.low, self.high))
        step = round_step((high - low) / at_most)
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        return [Mark(self.at(i * step), figure(i * step, step)) for i in range(first, last + 1)]


def round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is `least` or more.

    >>> round_step(0.13), round_step(3.0), round_step(10.0)
    (0.2, 5.0, 10.0)
    """
    power = 10.0 ** math.floor(math.log10(least))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= least * (1 - 1e-9))


def figure(value: float, step: float) -> str:
    """`value` with as many digits as multiples of `step` need.

    >>> figure(0.30000000000000004, 0.1), figure(-0.0, 0.5), figure(3e9, 1e9)
    ('0.3', '0.0', '3e+09')
    """
    if abs(value) >= 1e6:
        return f"{value:.6g}"
    return f"{value:z.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"


def shown_range(
    core: Sequence[float], every: Sequence[float], *, higher_is_better: bool, least: float
) -> tuple[float, float]:
    """From the worst to the best score that an axis shows: all of `every`, with a little room.

    But no further below `core`, the scores that matter, than REACH times what these span: a first attempt
    that went hopelessly wrong doesn't squeeze the rest. The range spans `least` or more, however equal the
    scores are.
    """
    sign = 1.0 if higher_is_better else -1.0
    matter, whole = [sign * score for score in core], [sign * score for score in every] or [0.0]
    worst, best = min(whole), max(whole)
    if len(set(matter)) > 1:
        limit = min(matter) - REACH * (max(matter) - min(matter))
        worst = min((score for score in whole if score >= limit), default=limit)
    least = max(least, 1e-9 * max(abs(worst), abs(best)))
    room = 0.05 * (best - worst) if best - worst >= least else least / 2
    return sign * (worst - room), sign * (best + room)


def seconds(moment: datetime) -> float:
    """Since a Monday long ago, in UTC."""
    return (moment - MONDAY).total_seconds()


def time_marks(scale: Scale, at_most: int) -> list[Mark]:
    """Round moments on a scale of `seconds`: hours within days, days within weeks, months beyond.

    `under` has the day below hours, and the year below days and months.
    """
    for step in CLOCK_STEPS + DAY_STEPS:
        if (scale.high - scale.low) / step <= at_most:
            line, under = ("%H:%M", "%d %b") if step < DAY else ("%d %b", "%Y")
            first, last = math.ceil(scale.low / step), math.floor(scale.high / step)
            moments = [MONDAY + timedelta(seconds=i * step) for i in range(first, last + 1)]
            return _labelled(moments, scale, line, under)
    return _labelled(_months(scale, at_most), scale, "%b", "%Y")


def _months(scale: Scale, at_most: int) -> list[datetime]:
    """First days of months: of each, of each third, and so on, as many as may be."""
    wanted = (scale.high - scale.low) / MONTH / at_most
    step = next((months for months in MONTH_STEPS if months >= wanted), 12 * math.ceil(wanted / 12))
    low, high = (MONDAY + timedelta(seconds=end) for end in (scale.low, scale.high))
    first, last = low.year * 12 + low.month - 1, high.year * 12 + high.month - 1
    whole = [month for month in range(first, last + 1) if month % step == 0]
    firsts = [datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in whole]
    return [moment for moment in firsts if low <= moment <= high]


def _labelled(moments: Sequence[datetime], scale: Scale, line: str, under: str) -> list[Mark]:
    marks, before = [], ""
    for moment in moments:
        below = moment.strftime(under)
        marks.append(Mark(scale.at(seconds(moment)), _plain(moment.strftime(line)), _plain(below, before)))
        before = below
    return marks


def _plain(text: str, before: str = "") -> str:
    """Days without a leading zero, which hours keep; nothing where it says what was said `before`."""
    return "" if text == before else text.removeprefix("0") if " " in text else text
