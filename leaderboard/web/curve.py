"""The loss of a training as a drawing: what the submission told of itself, once a second."""

import math
from dataclasses import dataclass

from markupsafe import Markup

from grader.report import Training
from leaderboard.web.drawing import Sheet
from leaderboard.web.environment import render
from leaderboard.web.lettering import extent
from leaderboard.web.scales import Mark, Scale, figure, round_step

WIDE = Sheet("wide", 800.0, 320.0, 13.5)
SLIM = Sheet("slim", 384.0, 153.6, 12.0)
DECADES = 2.0  # a loss that falls by more than so many powers of ten is drawn on a scale of its logarithm
LARGEST, LEAST = 1e12, 1e-12  # drawn; what diverged went there


@dataclass(frozen=True)
class Layout:
    """One sheet, in SVG units."""

    sheet: Sheet
    left: float
    right: float
    top: float
    bottom: float
    losses: list[Mark]
    steps: list[Mark]
    path: str


def has_curve(training: Training) -> bool:
    return len(_points(training)) > 1


def curve(training: Training) -> Markup:
    """An SVG of the loss over the steps; its logarithm where it fell by orders of magnitude."""
    points = _points(training)
    values = [loss for _, loss in points]
    logarithmic = min(values) > 0 and max(values) > 10**DECADES * min(values)
    layouts = [_layout(points, sheet, logarithmic=logarithmic) for sheet in (WIDE, SLIM)]
    return Markup(render("charts/curve.svg", points=points, layouts=layouts, sheet=WIDE, cut=training.cut))


def _points(training: Training) -> list[tuple[int, float]]:
    """Those that can be drawn: a loss may be anything that a submission says."""
    return [(step, loss) for step, loss in training.curve if abs(loss) < LARGEST]


def _layout(points: list[tuple[int, float]], sheet: Sheet, *, logarithmic: bool) -> Layout:
    top, bottom = 1.7 * sheet.line, sheet.height - 2.2 * sheet.line
    heights = [math.log10(max(loss, LEAST)) if logarithmic else loss for _, loss in points]
    room = 0.05 * (max(heights) - min(heights)) or 0.5
    up = Scale(min(heights) - room, max(heights) + room, bottom, top)
    losses = _powers(up) if logarithmic else up.marks(int((bottom - top) / (2.4 * sheet.line)) or 1)
    left = 14 + sheet.letter * max((extent(mark.label) for mark in losses), default=0)
    first, last = points[0][0], points[-1][0]
    along = Scale(float(first), float(max(last, first + 1)), left, sheet.width - 16)
    places = [
        f"{along.at(step):g} {up.at(height):g}" for (step, _), height in zip(points, heights, strict=True)
    ]
    steps = _whole(along, int((along.end - left) / (6 * sheet.letter)))
    return Layout(sheet, left, along.end, top, bottom, losses, steps, "M" + "L".join(places))


def _powers(up: Scale) -> list[Mark]:
    """Powers of ten, and where these are few their double and fivefold."""
    first, last = math.floor(up.low), math.ceil(up.high)
    times = (1, 2, 5) if last - first <= 3 else (1,)
    values = [each * 10.0**power for power in range(first, last + 1) for each in times]
    return [Mark(up.at(math.log10(each)), f"{each:g}") for each in values if up.shows(math.log10(each))]


def _whole(along: Scale, at_most: int) -> list[Mark]:
    step = max(1.0, round_step((along.high - along.low) / at_most))
    first, last = math.ceil(along.low / step), math.floor(along.high / step)
    return [Mark(along.at(i * step), f"{float(figure(i * step, step)):,.0f}") for i in range(first, last + 1)]
