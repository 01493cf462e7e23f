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


Line = list[tuple[int, float]]  # (step, loss)


@dataclass(frozen=True)
class Layout:
    """One sheet, in SVG units. paths: one of each training."""

    sheet: Sheet
    left: float
    right: float
    top: float
    bottom: float
    losses: list[Mark]
    steps: list[Mark]
    paths: list[str]


def has_curve(training: Training) -> bool:
    return len(_points(training)) > 1


def curve(*trainings: Training) -> Markup:
    """An SVG of the loss over the steps; its logarithm where it fell by orders of magnitude.

    Of several trainings a line each, those that have any.
    """
    lines = [_points(one) for one in trainings if has_curve(one)]
    values = [loss for line in lines for _, loss in line]
    logarithmic = min(values) > 0 and max(values) > 10**DECADES * min(values)
    layouts = [_layout(lines, sheet, logarithmic=logarithmic) for sheet in (WIDE, SLIM)]
    cut = next(one for one in trainings if has_curve(one)).cut
    return Markup(
        render("charts/curve.svg", points=lines[0], layouts=layouts, sheet=WIDE, cut=cut, lines=lines)
    )


def _points(training: Training) -> Line:
    """Those that can be drawn: a loss may be anything that a submission says."""
    return [(step, loss) for step, loss in training.curve if abs(loss) < LARGEST]


def _layout(lines: list[Line], sheet: Sheet, *, logarithmic: bool) -> Layout:
    top, bottom = 1.7 * sheet.line, sheet.height - 2.2 * sheet.line
    points = [
        [(step, math.log10(max(loss, LEAST)) if logarithmic else loss) for step, loss in line]
        for line in lines
    ]
    heights = [height for line in points for _, height in line]
    room = 0.05 * (max(heights) - min(heights)) or 0.5
    up = Scale(min(heights) - room, max(heights) + room, bottom, top)
    losses = _powers(up) if logarithmic else up.marks(int((bottom - top) / (2.4 * sheet.line)) or 1)
    left = 14 + sheet.letter * max((extent(mark.label) for mark in losses), default=0)
    first, last = min(line[0][0] for line in points), max(line[-1][0] for line in points)
    along = Scale(float(first), float(max(last, first + 1)), left, sheet.width - 16)
    paths = [
        "M" + "L".join(f"{along.at(step):g} {up.at(height):g}" for step, height in line) for line in points
    ]
    steps = _whole(along, int((along.end - left) / (6 * sheet.letter)))
    return Layout(sheet, left, along.end, top, bottom, losses, steps, paths)


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
