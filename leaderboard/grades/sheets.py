"""From a policy and the facts of a class to everybody's grades: pure, and every step is told."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from leaderboard.grades.crowd import Crowd, crowd
from leaderboard.grades.facts import NOTHING, Entered, Facts, Pupil, Work
from leaderboard.grades.lateness import figure
from leaderboard.grades.policy import GivenItem, Policy, ScoreItem
from leaderboard.grades.pricing import options
from leaderboard.grades.terms import Terms
from leaderboard.grades.totals import Total, sum_up

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Grade:
    """Of one item. `points`: before anything was taken off; `total`: what counts, None where it is left out.

    `raw`: the score, a notebook's part, or the points that were entered. `source` names where it is from.
    """

    item: str
    raw: float | None
    points: float | None
    total: float | None
    possible: float
    source: str
    ref: int | None = None
    judging_id: int | None = None
    data_sha256: str = ""
    slack: float = 0.0
    steps: tuple[str, ...] = ()

    @property
    def penalty(self) -> float:
        """Points that were taken off."""
        return max(0.0, (self.points or 0.0) - (self.total or 0.0))


@dataclass(frozen=True)
class Sheet:
    """All of one student's."""

    pupil: Pupil
    grades: tuple[Grade, ...]
    total: Total
    slack_left: float | None = None  # days

    def grade(self, item: str) -> Grade:
        return next(one for one in self.grades if one.item == item)


def grade(policy: Policy, terms: Sequence[Terms], facts: Facts) -> list[Sheet]:
    """In the order of the pupils."""
    crowds = {one.item.name: crowd(one, facts) for one in terms}
    return [_sheet(policy, terms, facts, crowds, pupil) for pupil in facts.pupils]


def _sheet(
    policy: Policy, terms: Sequence[Terms], facts: Facts, crowds: Mapping[str, Crowd], pupil: Pupil
) -> Sheet:
    found: dict[str, Grade] = {}
    left = policy.slack.days if policy.slack else 0.0
    for one in _in_turn(policy, terms, facts, crowds, pupil):
        name = one.item.name
        made = _grade(policy, one, facts.of(pupil, name), crowds[name], facts.entry(pupil, name), left)
        left = max(0.0, left - made.slack)
        if made.slack:
            made = replace(made, steps=(*made.steps, f"{figure(left)} slack days are left"))
        found[name] = made
    grades = tuple(found[one.item.name] for one in terms)
    return Sheet(pupil, grades, sum_up(policy, grades), left if policy.slack else None)


def _in_turn(
    policy: Policy, terms: Sequence[Terms], facts: Facts, crowds: Mapping[str, Crowd], pupil: Pupil
) -> list[Terms]:
    """The order in which items may take slack days."""

    def due(one: Terms) -> datetime:
        return facts.of(pupil, one.item.name).deadline or NEVER

    def gained(one: Terms) -> float:
        work, name = facts.of(pupil, one.item.name), one.item.name
        with_all, without = (_best(policy, one, work, crowds[name], left) for left in (math.inf, 0.0))
        return with_all - without

    if policy.slack and policy.slack.order == "gain":
        return sorted(terms, key=lambda one: (-gained(one), due(one)))
    return sorted(terms, key=due)


def _best(policy: Policy, terms: Terms, work: Work, crowd: Crowd, left: float) -> float:
    return max((one.total for one in options(terms, work, crowd, policy, left)), default=0.0)


def _grade(
    policy: Policy, terms: Terms, work: Work, crowd: Crowd, entered: Entered | None, left: float
) -> Grade:
    if entered is not None:
        return _entered(policy, terms, entered)
    found = options(terms, work, crowd, policy, left)
    if not found:
        return _nothing(policy, terms, work)
    best = found[0]
    return Grade(
        terms.item.name,
        best.attempt.score,
        best.earned,
        best.total,
        terms.item.points,
        source(terms),
        best.attempt.ref,
        best.attempt.judging_id,
        best.attempt.data_sha256,
        best.slack,
        best.steps,
    )


def _entered(policy: Policy, terms: Terms, entered: Entered) -> Grade:
    points = round(entered.points, policy.digits)
    instead = "" if isinstance(terms.item, GivenItem) else ", in place of what was computed"
    step = f"{figure(points)} of {figure(terms.item.points)} points entered by {entered.who}{instead}"
    steps = (step, entered.why) if entered.why else (step,)
    return Grade(terms.item.name, entered.points, points, points, terms.item.points, "entered", steps=steps)


def _nothing(policy: Policy, terms: Terms, work: Work = NOTHING) -> Grade:
    what = "nothing was handed in"
    if isinstance(terms.item, GivenItem):
        what = "nothing was entered"
    elif work.attempts:
        what = "nothing was handed in while it would still have counted"
    zero = policy.missing == "zero"
    steps = (what, f"0 of {figure(terms.item.points)} points" if zero else "left out of the total")
    points = 0.0 if zero else None
    return Grade(terms.item.name, None, points, points, terms.item.points, source(terms), steps=steps)


def source(terms: Terms) -> str:
    """Where an item's points are from, in words that `telling.is_hidden` takes apart."""
    item = terms.item
    if isinstance(item, GivenItem):
        return "given"
    if isinstance(item, ScoreItem):
        return f"score {item.assignment} {item.run_kind} {item.split}"
    return f"notebook {item.assignment}"
