"""How figures, moments and lengths are written on pages and in charts."""

from datetime import UTC, datetime

from grader.outline import Metric
from leaderboard.web.lettering import label

MINUTE, HOUR, DAY = 60, 3_600, 86_400  # seconds


def fixed(value: float, digits: int) -> str:
    """What is rounded to zero has no sign.

    >>> fixed(-0.001, 2)
    '0.00'
    """
    return f"{value:z.{digits}f}"


def score(value: float, metric: Metric) -> str:
    """As the board has it; shorter where that would be too long for a label."""
    return f"{value:z.{metric.digits}f}" if abs(value) < 1e6 else f"{value:.3g}"


def name(text: str) -> str:
    """A team's name where there is room, in a description or beside the pointer."""
    return label(text, 20)


def px(length: float) -> str:
    """A tenth of a unit is finer than a screen."""
    return f"{length:z.1f}".removesuffix(".0")


def counted(number: int, one: str, many: str) -> str:
    """
    >>> counted(1, "team", "teams"), counted(1200, "team", "teams")
    ('1 team', '1,200 teams')
    """
    return f"{number:,} {one if number == 1 else many}"


def day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%a %d %b}"


def minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%d %b %Y, %H:%M} UTC"


def iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def relative(moment: datetime, now: datetime) -> str:
    """How far off a moment is, as `live.js` has it while it ticks.

    >>> from datetime import timedelta
    >>> noon = datetime(2026, 11, 16, 12, tzinfo=UTC)
    >>> relative(noon + timedelta(days=5), noon), relative(noon - timedelta(minutes=61), noon)
    ('in 5 days', '1 h 1 min ago')
    """
    seconds = (moment - now).total_seconds()
    if abs(seconds) < MINUTE:
        return "in less than a minute" if seconds > 0 else "just now"
    return f"in {lasting(seconds)}" if seconds > 0 else f"{lasting(-seconds)} ago"


def lasting(seconds: float) -> str:
    """A time span in its one or two largest units.

    >>> lasting(45), lasting(3_599), lasting(7_260), lasting(90_000), lasting(300_000)
    ('45 s', '59 min', '2 h 1 min', '1 day 1 h', '3 days')
    """
    whole = int(seconds)
    days, hours, minutes = whole // DAY, whole % DAY // HOUR, whole % HOUR // MINUTE
    if whole >= 3 * DAY:
        return f"{days} days"
    if whole >= DAY:
        return f"{days} day{'s' * (days > 1)}" + (f" {hours} h" if hours else "")
    if whole >= HOUR:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min" if whole >= MINUTE else f"{whole} s"


def wait(seconds: float) -> str:
    """An estimate: nobody knows it to the second.

    >>> wait(20), wait(340), wait(9_000)
    ('less than a minute', 'about 6 min', 'about 2 h 30 min')
    """
    return "less than a minute" if seconds < MINUTE else f"about {lasting(round(seconds / MINUTE) * MINUTE)}"
