"""From items to a course's total: groups, the lowest dropped, weights, a letter. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from leaderboard.grades.lateness import figure
from leaderboard.grades.policy import Item, Policy


class Graded(Protocol):
    @property
    def item(self) -> str: ...
    @property
    def total(self) -> float | None: ...


@dataclass(frozen=True)
class Total:
    """`points` of `possible`: percentages where groups are weighed. None: nothing counts yet."""

    points: float | None
    possible: float
    percent: float | None
    letter: str
    dropped: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """An item that counts. `worth`: how much of its group it is."""

    item: Item
    points: float
    worth: float

    @property
    def share(self) -> float:
        return self.points / self.item.points


def sum_up(policy: Policy, grades: Iterable[Graded]) -> Total:
    earned = {one.item: one.total for one in grades}
    parts = [
        Part(item, points, item.weight if policy.total == "percent" else item.weight * item.points)
        for item in policy.items
        if (points := earned[item.name]) is not None
    ]
    groups = _grouped(parts)
    dropped = tuple(name for group, own in groups.items() for name in _lowest(policy, group, own))
    points = possible = 0.0
    for group, own in groups.items():
        weight = _weight(policy, group, own)
        points += weight * _share([part for part in own if part.item.name not in dropped])
        possible += weight
    steps = [f"dropped as the lowest of {group_of(policy, name)}: {name}" for name in dropped]
    return _total(policy, points, possible, dropped, steps)


def _total(
    policy: Policy, points: float, possible: float, dropped: tuple[str, ...], steps: list[str]
) -> Total:
    if not possible:
        return Total(None, 0.0, None, "", dropped, (*steps, "nothing counts yet"))
    percent = round(100 * points / possible, policy.digits)
    letter = policy.letter(percent)
    said = f"{figure(points)} of {figure(possible)}: {figure(percent)} %{f', {letter}' if letter else ''}"
    return Total(round(points, policy.digits), possible, percent, letter, dropped, (*steps, said))


def _grouped(parts: Iterable[Part]) -> Mapping[str, list[Part]]:
    """By group; an item of none is one by itself, called like itself with a sign that no group has."""
    found: dict[str, list[Part]] = {}
    for part in parts:
        found.setdefault(part.item.group or f"={part.item.name}", []).append(part)
    return found


def _lowest(policy: Policy, group: str, parts: Sequence[Part]) -> list[str]:
    """Those whose shares are lowest: without them the mean is no lower. One is always kept."""
    drop = policy.groups[group].drop if group in policy.groups else 0
    order = sorted(parts, key=lambda part: part.share)
    return [part.item.name for part in order[: min(drop, len(parts) - 1)]]


def _share(parts: Sequence[Part]) -> float:
    """Of a group's possible points; what was dropped counts as the others do."""
    return sum(part.worth * part.share for part in parts) / sum(part.worth for part in parts)


def _weight(policy: Policy, group: str, parts: Sequence[Part]) -> float:
    """The most that a group can add to the total."""
    known = policy.groups.get(group)
    if known and known.weight:
        return known.weight
    return sum(part.worth if policy.total == "points" else part.item.weight for part in parts)


def group_of(policy: Policy, name: str) -> str:
    return next(item.group or "" for item in policy.items if item.name == name)
