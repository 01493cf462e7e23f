"""What the charts share: the two sheets each is laid out for, and how a template becomes an SVG."""

from dataclasses import dataclass
from xml.etree import ElementTree

from markupsafe import Markup

from grader.outline import Metric
from leaderboard.web.environment import render

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
    return Markup(render(f"charts/{template}", **shown, sheet=WIDE, slim=SLIM))


def described(svg: str) -> str:
    """What a chart says in words, for who can't see it."""
    return " ".join((ElementTree.fromstring(svg).findtext(DESCRIPTION) or "").split())


def least(metric: Metric) -> float:
    """An axis over less would show differences which the board rounds away."""
    return 10 * 10.0**-metric.digits
