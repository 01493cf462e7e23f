"""One student's one item: what each submission would give, every step in words. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from leaderboard.grades.crowd import Crowd
from leaderboard.grades.curves import Curve
from leaderboard.grades.facts import Attempt, Work
from leaderboard.grades.lateness import Charge, Taken, charges, figure, left_of, price
from leaderboard.grades.policy import Bonus, GivenItem, Late, NotebookItem, Policy, ScoreItem
from leaderboard.grades.terms import Terms


@dataclass(frozen=True)
class Option:
    """A submission that may count, and what is left of its points. `total` is rounded as the policy says."""

    attempt: Attempt
    earned: float
    total: float
    slack: float
    steps: tuple[str, ...]


def options(terms: Terms, work: Work, crowd: Crowd, policy: Policy, left: float) -> list[Option]:
    """All that may count, the best first: of equals the one with fewer slack days, then the earlier."""
    late = _late(terms)
    found = [
        _option(terms, work, attempt, charge, crowd, policy)
        for attempt in work.attempts
        for charge in charges(late, work, attempt, policy.slack, left)
    ]
    return sorted(found, key=lambda one: (-one.total, one.slack, one.attempt.received_at, one.attempt.ref))


def _late(terms: Terms) -> Late | None:
    return None if isinstance(terms.item, GivenItem) else terms.item.late


def _option(
    terms: Terms, work: Work, attempt: Attempt, charge: Charge, crowd: Crowd, policy: Policy
) -> Option:
    earned, steps = _earned(terms, attempt, charge, crowd)
    taken = [*_early(terms, work), *([charge.taken] if charge.taken else [])]
    steps += [charge.step] if charge.step and charge.taken is None else []
    steps += [_said(one) for one in taken]
    total = round(left_of(earned, taken, policy.penalties), policy.digits)
    steps.append(f"{figure(total)} of {figure(terms.item.points)} points")
    return Option(attempt, earned, total, charge.slack, tuple(steps))


def _said(taken: Taken) -> str:
    off = f"{figure(taken.percent)} %" if taken.percent else f"{figure(taken.points)} points"
    return f"{taken.why}: −{off}"


def _early(terms: Terms, work: Work) -> Iterator[Taken]:
    rule = None if isinstance(terms.item, GivenItem) else terms.item.early
    if rule is not None and not work.early:
        lacked = "" if rule.score is None else f" that reaches {rule.score}"
        yield price(rule, f"no submission by {rule.by:%d %b %Y %H:%M %Z}{lacked}")


def _earned(terms: Terms, attempt: Attempt, charge: Charge, crowd: Crowd) -> tuple[float, list[str]]:
    """Points before anything is taken off."""
    assert terms.curve is not None
    gain = terms.gain(attempt.score)
    if not isinstance(terms.item, ScoreItem):
        return terms.curve.points(gain), _of_notebook(terms, attempt)
    steps = [f"{terms.metric.name} {score(terms, attempt.score)} (submission #{attempt.ref})"]
    bonus = terms.item.bonus or Bonus()
    curve = _extended(terms.curve, bonus, crowd)
    points = curve.points(gain)
    steps.append(_on_curve(terms, curve, gain, points))
    if charge.on_time or (bonus.slack and charge.taken is None):
        more = _for_rank(bonus, crowd.rank(gain)) if bonus.ranks else 0.0
        steps += [f"rank {crowd.rank(gain)} of the class: +{figure(more)} points"] if more else []
        return points + more, steps
    most = terms.curve.top if bonus.late_most is None else bonus.late_most
    if points > most:
        steps.append(f"late: {figure(most)} points at most")
    return min(points, most), steps


def _extended(curve: Curve, bonus: Bonus, crowd: Crowd) -> Curve:
    if bonus.best is None or crowd.best is None:
        return curve
    return curve.up_to(crowd.best, bonus.best)


def _for_rank(bonus: Bonus, rank: int) -> float:
    return next((points for last, points in bonus.ranks if rank <= last), 0.0)


def _on_curve(terms: Terms, curve: Curve, gain: float, points: float) -> str:
    below, above = curve.between(gain)
    ends = dict.fromkeys(
        (below, above) if below.gain < gain < above.gain else ((above if gain >= above.gain else below),)
    )
    said = " and ".join(f"{figure(knot.points)} at {score(terms, terms.gain(knot.gain))}" for knot in ends)
    return f"{'between ' if len(ends) > 1 else ''}{said}: {figure(points)} points"


def _of_notebook(terms: Terms, attempt: Attempt) -> list[str]:
    assert isinstance(terms.item, NotebookItem)
    steps = [f"{figure(100 * attempt.score)} % of the notebook's points (#{attempt.ref})"]
    if attempt.pending:
        steps.append(f"{attempt.pending} cells wait to be graded by hand: this may change")
    return steps


def score(terms: Terms, value: float) -> str:
    """With one digit more than the board shows: points differ by less than it does."""
    unit = f" {terms.metric.unit}" if terms.metric.unit else ""
    return f"{value:z.{terms.metric.digits + 1}f}{unit}"
