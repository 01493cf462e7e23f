"""From a snapshot to a board: pure arithmetic, the same for public and private, now and then."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from grader.outline import Metric
from leaderboard.records import Row, Snapshot, Standing, TeamKind

HOUR = 3600.0
NOBODY: Mapping[int, Sequence[str]] = {}


class _Place(NamedTuple):
    standing: Standing
    rank: int  # 0: of a shipped solution


def rank(
    now: Snapshot,
    metric: Metric,
    *,
    tier_of: Callable[[float], str],
    before: Snapshot | None = None,
    members: Mapping[int, Sequence[str]] = NOBODY,
) -> list[Row]:
    """Order teams by their scores. A tie group has one rank ("1, 2, 2, 4") and is in alphabetical order.

    Baselines and references stand in place with rank 0: above the groups whose leaders they beat. `change`
    compares with the ranks of `before`.
    """
    sign = -1.0 if metric.higher_is_better else 1.0
    ranks = {one.team_id: place for place, group in _groups(before, sign) for one in group} if before else {}
    return [_row(place, ranks, tier_of, members) for place in _places(now, sign)]


def _groups(board: Snapshot, sign: float) -> Iterator[tuple[int, list[Standing]]]:
    """Students that can't be told apart, with the rank that they share."""
    groups: dict[int, list[Standing]] = {}
    for one in _students(board.standings):
        groups.setdefault(bisect_right(board.edges, sign * one.score), []).append(one)
    place = 1
    for _, group in sorted(groups.items()):
        yield place, group
        place += len(group)


def _places(board: Snapshot, sign: float) -> list[_Place]:
    ordered = [
        (sign * one.score, 0, one.key, one.team_id, _Place(one, 0)) for one in _shipped(board.standings)
    ]
    for place, group in _groups(board, sign):
        leader = min(sign * one.score for one in group)
        ordered += [(leader, 1, one.key, one.team_id, _Place(one, place)) for one in group]
    return [each[-1] for each in sorted(ordered)]


def _students(standings: Iterable[Standing]) -> list[Standing]:
    return [one for one in standings if one.kind is TeamKind.STUDENT]


def _shipped(standings: Iterable[Standing]) -> list[Standing]:
    return [one for one in standings if one.kind is not TeamKind.STUDENT]


def _row(
    place: _Place,
    before: Mapping[int, int],
    tier_of: Callable[[float], str],
    members: Mapping[int, Sequence[str]],
) -> Row:
    one = place.standing
    return Row(
        place.rank,
        _change(place, before),
        one.team,
        one.team_id,
        one.kind,
        one.ref,
        one.score,
        one.half_width,
        tier_of(one.score),
        one.entries,
        one.last_at,
        distance(one.last_at - one.received_at) if one.last_at != one.received_at else "",
        one.badges if one.kind is TeamKind.STUDENT else (str(one.kind), *one.badges),
        tuple(members.get(one.team_id, ())) if members else (),
        one.spread,
    )


def _change(place: _Place, before: Mapping[int, int]) -> str:
    if place.standing.kind is not TeamKind.STUDENT:
        return ""
    if place.standing.team_id not in before:
        return "new"
    climbed = before[place.standing.team_id] - place.rank
    return f"↑{climbed}" if climbed > 0 else f"↓{-climbed}" if climbed < 0 else ""


def distance(span: timedelta) -> str:
    """How long before: minutes, hours or days.

    >>> distance(timedelta(hours=2.5)), distance(timedelta(days=-1)), distance(timedelta())
    ('-2.5h', '', '')
    """
    seconds = span.total_seconds()
    if seconds <= 0:
        return ""
    if seconds < HOUR:
        return f"-{max(1, round(seconds / 60))}m"
    return f"-{seconds / HOUR:.1f}h" if seconds < 48 * HOUR else f"-{seconds / (24 * HOUR):.1f}d"
