"""What the charts share: the two sheets each is laid out for, and how a template becomes an SVG."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from xml.etree import ElementTree

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from grader.spec import Metric
from leaderboard.web.lettering import label

DESCRIPTION = "{http://www.w3.org/2000/svg}desc"


@dataclass(frozen=True)
class Sheet:
    """A layout's width, height and letters in SVG units: CSS pixels at the width it is meant for.

    A chart holds both of its layouts, and a media query shows the one that fits: letters of one layout
    scaled to both would be too small on a phone or too large on a screen. Their proportions are the same.
    """

    name: str
    width: float
    height: float
    letter: float

    @property
    def line(self) -> float:
        """From one line of text to the next."""
        return round(self.letter * 1.3, 1)


WIDE = Sheet("wide", 800.0, 560.0, 13.5)
SLIM = Sheet("slim", 384.0, 268.8, 13.0)


def draw(template: str, **shown: object) -> Markup:
    """A whole SVG file, which can also stand in a page as it is: its classes are no page's."""
    return Markup(_environment().get_template(template).render(shown, sheet=WIDE, slim=SLIM))


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("leaderboard.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(px=_px, score=score, name=name, moment=moment)
    return made


def described(svg: str) -> str:
    """What a chart says in words, for who can't see it."""
    return " ".join((ElementTree.fromstring(svg).findtext(DESCRIPTION) or "").split())


def least(metric: Metric) -> float:
    """An axis over less would show differences which the board rounds away."""
    return 10 * 10.0**-metric.digits


def score(value: float, metric: Metric) -> str:
    """As the board has it; shorter where that would be too long for a label."""
    return f"{value:z.{metric.digits}f}" if abs(value) < 1e6 else f"{value:.3g}"


def name(text: str) -> str:
    """A team's name where there is room, in a description or beside the pointer."""
    return label(text, 20)


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %b %Y, %H:%M} UTC"


def _px(length: float) -> str:
    """A tenth of a unit is finer than a screen."""
    return f"{length:z.1f}".removesuffix(".0")
