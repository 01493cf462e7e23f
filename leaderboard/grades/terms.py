"""A policy as the assignments of the course complete it: tiers become scores, directions are known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from grader.errors import HeldoutError
from grader.spec import Assignment, Metric
from leaderboard.boards import Board
from leaderboard.grades.curves import Curve, Knot
from leaderboard.grades.policy import GivenItem, Item, ScoreItem
from leaderboard.grades.policy_file import PolicyFile

Assignments = Callable[[str], Assignment]
PART = Metric("part", "", higher_is_better=True, digits=3)  # of a notebook's points, 0 to 1


@dataclass(frozen=True)
class Terms:
    """One item. `curve`: None where points are entered; `least`: the gain that the early rule demands."""

    item: Item
    assignment: Assignment | None = None
    curve: Curve | None = None
    least: float | None = None

    @property
    def metric(self) -> Metric:
        scored = isinstance(self.item, ScoreItem) and self.assignment is not None
        return self.assignment.metric if scored and self.assignment else PART

    def gain(self, score: float) -> float:
        return score if self.metric.higher_is_better else -score


def settle(file: PolicyFile, assignments: Assignments) -> list[Terms]:
    """In the policy's order. Raises HeldoutError for an assignment or a tier that the course doesn't have."""
    return [_terms(item, file.where, assignments) for item in file.policy.items]


def _terms(item: Item, where: str, assignments: Assignments) -> Terms:
    where = f"{where}, item {item.name!r}"
    if isinstance(item, GivenItem):
        return Terms(item)
    try:
        assignment = assignments(item.assignment)
    except HeldoutError as error:
        raise HeldoutError(
            error.what, where=where, expected=error.expected, next_step=error.next_step
        ) from error
    if not isinstance(item, ScoreItem):
        return Terms(
            item, assignment, Curve((Knot(0.0, 0.0), Knot(1.0, item.points))), _least_part(item, where)
        )
    knots = [(_score(at, item, assignment, where), points) for at, points in item.curve]
    sign = 1.0 if assignment.metric.higher_is_better else -1.0
    early = item.early.score if item.early else None
    least = None if early is None else sign * _score(early, item, assignment, where)
    return Terms(item, assignment, _curve(knots, sign, where), least)


def _least_part(item: Item, where: str) -> float | None:
    early = None if isinstance(item, GivenItem) or item.early is None else item.early.score
    if isinstance(early, str):
        raise HeldoutError(
            f"a notebook has no tier {early!r}", where=where, expected="early.score from 0 to 1"
        )
    return early


def _score(at: float | str, item: ScoreItem, assignment: Assignment, where: str) -> float:
    """Of a knot: a number, or a tier of the item's own board."""
    if not isinstance(at, str):
        return at
    tiers = {tier.name: tier.score for tier in assignment.tiers_of(item.run_kind)}
    if at in tiers:
        return tiers[at]
    board = f"{assignment.slug} ({item.run_kind})"
    raise HeldoutError(
        f"{board} has no tier {at!r}",
        where=where,
        expected=f"a score, or one of: {', '.join(tiers)}" if tiers else "a score: that board has no tiers",
        next_step="correct the curve",
    )


def _curve(knots: Sequence[tuple[float, float]], sign: float, where: str) -> Curve:
    ordered = sorted(knots, key=lambda knot: sign * knot[0])
    for (worse, fewer), (better, more) in pairwise(ordered):
        if worse == better or fewer > more:
            raise HeldoutError(
                f"the curve gives {fewer:g} points at {worse:g} and {more:g} at {better:g}",
                where=where,
                expected="scores that differ, and never fewer points for a better one",
                next_step="correct the curve, or mind the metric's direction",
            )
    return Curve(tuple(Knot(sign * at, points) for at, points in ordered))


def boards(file: PolicyFile, assignments: Assignments) -> list[Board]:
    """Those whose ranks matter. Raises HeldoutError."""
    ranked = [
        item for item in file.policy.items if isinstance(item, ScoreItem) and item.bonus and item.bonus.ranks
    ]
    return [Board(assignments(item.assignment), item.run_kind) for item in ranked]


def closed(terms: Sequence[Terms]) -> list[str]:
    """Items whose late work the course takes no more: their rules for it come to nothing."""
    return [one.item.name for one in terms if _is_closed(one)]


def _is_closed(terms: Terms) -> bool:
    item = terms.item
    if isinstance(item, GivenItem) or item.late is None or terms.assignment is None:
        return False
    rules = terms.assignment.rules
    if rules.deadline is None or rules.late_until is not None:
        return False
    return item.deadline is None or item.deadline >= rules.deadline
