"""The distribution of a class's percentages as an SVG file, with the letters' boundaries."""

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from leaderboard.grades.distribution import Bin, bins, summary
from leaderboard.web.scales import Scale

WIDTH, HEIGHT = 800.0, 400.0  # SVG units
LEFT, RIGHT, TOP, BOTTOM = 50.0, 780.0, 50.0, 350.0
STEP = 5  # percent
INK, PALE, BAR, EDGE = "#222222", "#dddddd", "#4c72b0", "#b04c4c"


def draw(percents: Sequence[float], letters: Mapping[str, float], title: str) -> str:
    """A whole SVG file; what it shows is in its title and description, too."""
    found = bins(percents, STEP)
    root = _root(percents, title)
    across = Scale(0, found[-1].high, LEFT, RIGHT)
    most = max(one.count for one in found)
    up = Scale(0, max(most, 4), BOTTOM, TOP)
    _axes(root, across, up)
    for one in found:
        _bar(root, one, across, up)
    for name, least in letters.items():
        if 0 < least < found[-1].high:
            at = across.at(least)
            _line(root, (at, TOP), (at, BOTTOM), EDGE)
            _text(root, name, at, TOP - 6)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _root(percents: Sequence[float], title: str) -> ElementTree.Element:
    size = {"viewBox": f"0 0 {WIDTH:g} {HEIGHT:g}", "width": f"{WIDTH:g}", "height": f"{HEIGHT:g}"}
    root = ElementTree.Element(
        "svg", {"xmlns": "http://www.w3.org/2000/svg", "font-family": "sans-serif", "role": "img", **size}
    )
    ElementTree.SubElement(root, "title").text = title
    ElementTree.SubElement(root, "desc").text = described(percents)
    ElementTree.SubElement(root, "rect", {"width": f"{WIDTH:g}", "height": f"{HEIGHT:g}", "fill": "white"})
    _text(root, title, WIDTH / 2, 22, size=15)
    return root


def described(percents: Sequence[float]) -> str:
    """
    >>> described([50.0, 70.0])
    '2 students: mean 60.0 %, median 60.0 %, from 50.0 % to 70.0 %.'
    """
    found = summary(percents)
    if found is None:
        return "Nobody has a grade yet."
    count = f"{found.students} student{'s' * (found.students != 1)}"
    spread = f"from {min(percents):.1f} % to {max(percents):.1f} %"
    return f"{count}: mean {found.mean:.1f} %, median {found.median:.1f} %, {spread}."


def _axes(root: ElementTree.Element, across: Scale, up: Scale) -> None:
    for mark in up.marks(5):
        if float(mark.label) == int(float(mark.label)):
            _line(root, (LEFT, mark.at), (RIGHT, mark.at), PALE)
            _text(root, f"{float(mark.label):g}", LEFT - 8, mark.at + 4, anchor="end")
    for mark in across.marks(11):
        _text(root, mark.label, mark.at, BOTTOM + 18)
    _text(root, "percent of the possible points", (LEFT + RIGHT) / 2, BOTTOM + 38)


def _bar(root: ElementTree.Element, one: Bin, across: Scale, up: Scale) -> None:
    left, right, top = across.at(one.low), across.at(one.high), up.at(one.count)
    where = {
        "x": f"{left + 1:g}",
        "y": f"{top:g}",
        "width": f"{right - left - 2:g}",
        "height": f"{BOTTOM - top:g}",
    }
    bar = ElementTree.SubElement(root, "rect", {**where, "fill": BAR})
    ElementTree.SubElement(bar, "title").text = f"{one.low} to {one.high} %: {one.count}"


def _line(root: ElementTree.Element, start: tuple[float, float], end: tuple[float, float], ink: str) -> None:
    places = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    ElementTree.SubElement(root, "line", {**{key: f"{at:g}" for key, at in places.items()}, "stroke": ink})


def _text(
    root: ElementTree.Element, text: str, x: float, y: float, *, anchor: str = "middle", size: int = 12
) -> None:
    look = {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor, "font-size": str(size), "fill": INK}
    ElementTree.SubElement(root, "text", look).text = text
