"""What lateness costs: slack days, or a penalty. Pure."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from leaderboard.grades.facts import Attempt, Work
from leaderboard.grades.policy import Late, Penalty, Slack

DAY = 86_400.0  # seconds
HOURS = 24
TINY = 1e-9  # days: less than any clock's tick


@dataclass(frozen=True)
class Taken:
    """One penalty, in percent of the points earned or in points."""

    why: str
    percent: float = 0.0
    points: float = 0.0


@dataclass(frozen=True)
class Charge:
    """One way to pay for an attempt: slack days, a penalty, both or neither."""

    slack: float = 0.0  # days
    taken: Taken | None = None
    on_time: bool = True
    step: str = ""


def charges(
    late: Late | None, work: Work, attempt: Attempt, slack: Slack | None, left: float
) -> list[Charge]:
    """All ways to pay, of which none is better for everybody; none where it is too late altogether."""
    if work.deadline is None or attempt.received_at <= work.deadline:
        return [Charge()]
    days = (attempt.received_at - work.deadline).total_seconds() / DAY
    if late is None or not _accepted(late, work.deadline, attempt, days):
        return []
    said = f"received {figure(days)} days late"
    found = [Charge(taken=_price(late, days, said), on_time=False, step=said)]
    if slack is not None and late.slack:
        found += _covered(
            late, days, slack, min(left, late.most_slack if late.most_slack is not None else left)
        )
    return found


def _accepted(late: Late, deadline: datetime, attempt: Attempt, days: float) -> bool:
    if late.days is not None and days > late.days + TINY:
        return False
    return late.until is None or attempt.received_at <= max(late.until, deadline)


def _covered(late: Late, days: float, slack: Slack, left: float) -> Iterator[Charge]:
    needed = _whole(days, slack)
    if needed <= left + TINY:
        yield Charge(needed, None, False, f"received {figure(days)} days late: {figure(needed)} slack days")
    elif slack.partial and (some := _whole(left, slack, up=False)) > 0:
        said = f"received {figure(days)} days late, of which {figure(some)} are slack days"
        yield Charge(some, _price(late, days - some, said), False, said)


def _whole(days: float, slack: Slack, *, up: bool = True) -> float:
    """In whole days or hours, which is how slack is charged."""
    parts = HOURS if slack.unit == "hour" else 1
    return (math.ceil(days * parts - TINY) if up else math.floor(days * parts + TINY)) / parts


def _price(late: Late, days: float, why: str) -> Taken:
    times = math.ceil(days - TINY) if late.per == "day" else 1
    most = math.inf if late.most is None else late.most
    if late.percent is not None:
        return Taken(why, percent=min(late.percent * times, most, 100.0))
    return Taken(why, points=min((late.points or 0.0) * times, most))


def price(penalty: Penalty, why: str) -> Taken:
    """That of a rule that knows no days."""
    return Taken(why, percent=penalty.percent or 0.0, points=penalty.points or 0.0)


def left_of(earned: float, taken: list[Taken], how: str) -> float:
    """What is left of points. `how`: two percentages multiply, or add.

    >>> two = [Taken("", percent=10), Taken("", percent=10)]
    >>> round(left_of(100.0, two, "multiply"), 6), left_of(100.0, two, "add")
    (81.0, 80.0)
    """
    left = earned
    for one in taken:
        of = left if how == "multiply" else earned
        left -= of * one.percent / 100 + one.points
    return max(0.0, left)


def figure(value: float) -> str:
    """With up to two decimals.

    >>> figure(2.0), figure(1.256), figure(-0.001)
    ('2', '1.26', '0')
    """
    return f"{value:z.2f}".rstrip("0").rstrip(".")
