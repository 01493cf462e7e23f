"""The history of a board as a drawing: how its leader and its best teams got where they are."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from grader.outline import Metric, Tier
from leaderboard.records import Step, TeamKind
from leaderboard.web.drawing import SLIM, WIDE, Sheet, draw, least
from leaderboard.web.formats import minute, name, score
from leaderboard.web.lettering import extent, label, spread
from leaderboard.web.scales import Mark, Scale, seconds, shown_range, time_marks

SHORTEST = timedelta(
    hours=1
)  # that is drawn: where steps are closer, from before the first, never into the future
GUTTERS = {"wide": 200.0, "slim": 104.0}  # SVG units right of the plot, for names
FEW = 5  # teams on the slim sheet
BOLD = 1.1  # how much wider bold letters are
HUES = 10  # colours that the style sheet has


@dataclass(frozen=True)
class Lead:
    """From `at` on the best student had this score."""

    at: datetime
    score: float
    team: str


@dataclass(frozen=True)
class Story:
    """What is told, on whatever sheet: `teams` has the steps of each, the best team first."""

    metric: Metric
    tiers: Sequence[Tier]
    teams: Sequence[Sequence[Step]]
    shipped: Sequence[Step]  # where each baseline and reference is now, the best first
    leads: Sequence[Lead]
    start: datetime
    end: datetime
    worst: float
    best: float

    @property
    def ranked(self) -> Sequence[str]:
        """The best teams with their scores, as text."""
        return [f"{name(t[-1].team)} {score(t[-1].score, self.metric)}" for t in self.teams]


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    says: str


@dataclass(frozen=True)
class Line:
    """A team's steps as a path; `hue` numbers its colour."""

    hue: int
    path: str
    dots: Sequence[Dot]


@dataclass(frozen=True)
class Label:
    """A name right of the plot, at `y`; what it names ends at `end`, and lies below the plot if `off`."""

    name: str
    score: str
    width: float  # what the name may take: a letter may be wider than it was held for
    y: float
    end: float
    off: bool
    style: str


@dataclass(frozen=True)
class Level:
    """A horizontal line; `y` of its label is `label_y`."""

    y: float
    label_y: float
    says: str


@dataclass(frozen=True)
class Layout:
    """One sheet, in SVG units."""

    sheet: Sheet
    left: float
    top: float
    right: float
    bottom: float
    score_marks: Sequence[Mark]
    time_marks: Sequence[Mark]
    leader: str
    lines: Sequence[Line]
    tiers: Sequence[Level]
    dashes: float  # where the lines of shipped solutions begin: right of the tiers' names
    shipped: Sequence[Level]
    labels: Sequence[Label]


def history(
    steps: Iterable[Step],
    metric: Metric,
    tiers: Sequence[Tier] = (),
    *,
    until: datetime | None = None,
    top: int = 10,
) -> Markup:
    """An SVG of the scores over time: the leader's, those of the present `top` teams, and the tiers.

    From the first step to `until`, or else to the last; what came later is left out, as a frozen board wants.
    Baselines and references are dashed, where they are now. Steps may come in any order.
    """
    past = sorted((s for s in steps if until is None or s.at <= until), key=lambda step: step.at)
    if not past:
        return draw("history.svg", story=None, metric=metric, layouts=[])
    story = _story(past, metric, tiers, until or past[-1].at, top)
    layouts = [_layout(story, WIDE, top), _layout(story, SLIM, min(FEW, top))]
    return draw("history.svg", story=story, metric=metric, layouts=layouts)


def leads(steps: Iterable[Step], *, higher_is_better: bool) -> list[Lead]:
    """How the best students' score moved, as far as the board knew it; `steps` are in the order of time.

    It may also get worse: when the leader's score does.
    """
    sign = -1.0 if higher_is_better else 1.0
    now: dict[str, Step] = {}
    queue: list[tuple[float, datetime, int, Step]] = []
    found: list[Lead] = []
    for number, step in enumerate(steps):
        now[step.team] = step
        heapq.heappush(queue, (sign * step.score, step.at, number, step))
        while now[queue[0][-1].team] is not queue[0][-1]:  # it has another score by now
            heapq.heappop(queue)
        best = queue[0][-1]
        if not found or found[-1].score != best.score:
            found.append(Lead(step.at, best.score, best.team))
    return found


def _story(past: Sequence[Step], metric: Metric, tiers: Sequence[Tier], end: datetime, top: int) -> Story:
    sign = -1.0 if metric.higher_is_better else 1.0
    tracks: dict[tuple[TeamKind, str], list[Step]] = {}
    for step in past:
        tracks.setdefault((step.kind, step.team), []).append(step)
    ranked = sorted(tracks.values(), key=lambda track: (sign * track[-1].score, track[-1].at))
    teams = [track for track in ranked if track[0].kind is TeamKind.STUDENT][:top]
    shipped = [track[-1] for track in ranked if track[0].kind is not TeamKind.STUDENT]
    led = leads((s for s in past if s.kind is TeamKind.STUDENT), higher_is_better=metric.higher_is_better)
    marks = [tier.score for tier in tiers]
    worst, best = shown_range(
        marks + [track[-1].score for track in teams[: len(teams) // 2 + 1]],
        [
            *marks,
            *(step.score for track in [*teams, shipped] for step in track),
            *(lead.score for lead in led),
        ],
        higher_is_better=metric.higher_is_better,
        least=least(metric),
    )
    start = past[0].at
    return Story(metric, tiers, teams, shipped, led, start, end, worst, best)


def _layout(story: Story, sheet: Sheet, count: int) -> Layout:
    top, bottom = 1.7 * sheet.line, sheet.height - 2.6 * sheet.line
    up = Scale(story.worst, story.best, bottom, top)
    score_marks = up.marks(int((bottom - top) / (2.4 * sheet.line)))
    left = 14 + sheet.letter * max((extent(mark.label) for mark in score_marks), default=0)
    right = sheet.width - GUTTERS[sheet.name]
    earliest = min(story.start, story.end - SHORTEST)
    along = Scale(seconds(earliest), seconds(story.end), left, right)
    tiers = _tiers(story, up, sheet)
    dashes = left + 12 + sheet.letter * max((extent(tier.says) for tier in tiers), default=-12 / sheet.letter)
    teams, levels = story.teams[:count], [step for step in story.shipped if up.shows(step.score)]
    return Layout(
        sheet,
        left,
        top,
        right,
        bottom,
        score_marks,
        time_marks(along, int((right - left) / (5 * sheet.letter))),
        _path([(lead.at, lead.score) for lead in story.leads], along, up),
        [_line(story.metric, track, hue % HUES, along, up) for hue, track in enumerate(teams)],
        tiers,
        dashes,
        [Level(up.at(s.score), 0, _says(s, story.metric)) for s in levels],
        _labels([track[-1] for track in teams], levels, story.metric, up, sheet),
    )


def _line(metric: Metric, track: Sequence[Step], hue: int, along: Scale, up: Scale) -> Line:
    dots = [Dot(along.at(seconds(s.at)), up.at(s.score), _says(s, metric)) for s in track]
    return Line(hue, _path([(step.at, step.score) for step in track], along, up), dots)


def _path(moves: Sequence[tuple[datetime, float]], along: Scale, up: Scale) -> str:
    """Each score holds until the next, and the last to the end."""
    if not moves:
        return ""
    places = [(along.at(seconds(at)), up.at(score)) for at, score in moves]
    (x, y), rest = places[0], places[1:]
    return f"M{x:g} {y:g}" + "".join(f"H{x:g}V{y:g}" for x, y in rest) + f"H{along.end:g}"


def _tiers(story: Story, up: Scale, sheet: Sheet) -> list[Level]:
    shown = sorted((tier for tier in story.tiers if up.shows(tier.score)), key=lambda t: up.at(t.score))
    if len(shown) > (up.start - up.end) / sheet.line:
        return [Level(up.at(tier.score), 0, "") for tier in shown]
    high, low = sorted((up.start, up.end))
    places = spread([up.at(tier.score) - 4 for tier in shown], sheet.line, high + sheet.letter, low - 4)
    return [
        Level(up.at(tier.score), y, _tier_says(tier, story.metric, sheet))
        for tier, y in zip(shown, places, strict=True)
    ]


def _tier_says(tier: Tier, metric: Metric, sheet: Sheet) -> str:
    named = label(tier.name, 10)
    return f"{named} {score(tier.score, metric)}" if sheet is WIDE else named


def _labels(
    teams: Sequence[Step], shipped: Sequence[Step], metric: Metric, up: Scale, sheet: Sheet
) -> list[Label]:
    """Names beside the ends of the lines, none over another: as many as there is room for, teams first."""
    slots = int((up.start - up.end) / sheet.line) + 1
    styled = [(step, f"hue{hue % HUES}") for hue, step in enumerate(teams)]
    styled = [*styled, *((step, "shipped") for step in shipped)][:slots]
    low = max(up.start, up.end)
    ends = sorted((min(up.at(step.score), low), number) for number, (step, _) in enumerate(styled))
    places = spread([end for end, _ in ends], sheet.line, min(up.start, up.end), low)
    found = []
    for (end, number), y in zip(ends, places, strict=True):
        step, style = styled[number]
        figure = score(step.score, metric) if sheet is WIDE else ""
        width = GUTTERS[sheet.name] - 22 - sheet.letter * extent(figure)
        room = (width - 6) / sheet.letter / (BOLD if number == 0 else 1.0)
        off = not up.shows(step.score)
        found.append(Label(label(step.team, room - 1 if off else room), figure, width, y, end, off, style))
    return found


def _says(step: Step, metric: Metric) -> str:
    half_width = score(step.half_width, metric)
    return f"{name(step.team)}: {score(step.score, metric)} ± {half_width}, {minute(step.at)}"
