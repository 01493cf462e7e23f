"""Whose turn it will be: the order in which a queue is claimed, predicted."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Waiting:
    """A team with queued submissions (oldest first), how many it has running, and when it last had a turn."""

    refs: Sequence[int]
    running: int
    claimed_at: datetime | None


def places(teams: Sequence[Waiting]) -> Mapping[int, int]:
    """For each queued submission how many will be claimed before it, if none ends and none comes.

    >>> places([Waiting((1, 2, 5), 0, None), Waiting((3, 4), 0, None)])
    {1: 0, 3: 1, 2: 2, 4: 3, 5: 4}
    """
    before = sorted({team.claimed_at for team in teams if team.claimed_at is not None})
    turn = {moment: number for number, moment in enumerate(before, start=-len(before))}  # all before turn 0
    never = -len(before) - 1
    heap = [
        (team.running, never if team.claimed_at is None else turn[team.claimed_at], team.refs[0], number, 0)
        for number, team in enumerate(teams)
    ]
    heapq.heapify(heap)
    found: dict[int, int] = {}
    while heap:
        running, _, ref, number, index = heapq.heappop(heap)
        found[ref] = place = len(found)
        if index + 1 < len(teams[number].refs):
            heapq.heappush(heap, (running + 1, place, teams[number].refs[index + 1], number, index + 1))
    return found
