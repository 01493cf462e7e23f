"""Whose turn it will be: the order in which a queue is claimed, predicted, and how long that takes."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Waiting:
    """A team with queued submissions (oldest first), how many it has running, and when it last had a turn.

    Those that are `held_back` come after all that aren't: see `claims.held_back`.
    """

    refs: Sequence[int]
    running: int
    claimed_at: datetime | None
    held_back: Sequence[int] = ()


def places(teams: Sequence[Waiting]) -> Mapping[int, int]:
    """For each queued submission how many will be claimed before it, if none ends and none comes.

    >>> places([Waiting((1, 2, 5), 0, None), Waiting((3, 4), 0, None, held_back=(0,))])
    {1: 0, 3: 1, 2: 2, 4: 3, 5: 4, 0: 5}
    """
    before = sorted({team.claimed_at for team in teams if team.claimed_at is not None})
    turn = {moment: number for number, moment in enumerate(before, start=-len(before))}  # all before turn 0
    never = -len(before) - 1
    heap = [
        _key(team, 0, team.running, never if team.claimed_at is None else turn[team.claimed_at], number)
        for number, team in enumerate(teams)
    ]
    heapq.heapify(heap)
    found: dict[int, int] = {}
    while heap:
        _, running, _, ref, number, index = heapq.heappop(heap)
        found[ref] = place = len(found)
        team = teams[number]
        if index + 1 < len(team.refs) + len(team.held_back):
            heapq.heappush(heap, _key(team, index + 1, running + 1, place, number))
    return found


def _key(
    team: Waiting, index: int, running: int, turn: int, number: int
) -> tuple[bool, int, int, int, int, int]:
    """What a team's next submission is ordered by; then the team's number and the submission's index."""
    later = index >= len(team.refs)
    ref = team.held_back[index - len(team.refs)] if later else team.refs[index]
    return later, running, turn, ref, number, index


def starts(order: Iterable[int], seconds: Mapping[int, float], busy: Sequence[float]) -> Mapping[int, float]:
    """In how many seconds each of `order` begins, if each takes as long as those of its kind did.

    seconds: by number. busy: for each place where something is graded, how long it still takes.

    >>> starts([7, 8, 9], {7: 10.0, 8: 1.0, 9: 1.0}, [2.0, 4.0])
    {7: 2.0, 8: 4.0, 9: 5.0}
    """
    free = list(busy)
    heapq.heapify(free)
    found = {}
    for ref in order:
        found[ref] = free[0]
        heapq.heapreplace(free, free[0] + seconds[ref])
    return found
