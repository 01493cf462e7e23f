"""The class on one item, as far as one student's points depend on the others'. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.grades.facts import Facts
from leaderboard.grades.terms import Terms


@dataclass(frozen=True)
class Crowd:
    """`gains`: of each team that is on time, ascending. `edges`: None where ranks go by scores alone."""

    gains: Sequence[float] = ()
    edges: Sequence[float] | None = None

    @property
    def best(self) -> float | None:
        return self.gains[-1] if self.gains else None

    def rank(self, gain: float) -> int:
        """Teams that can't be told apart share one, as on the board: see `ranking`."""
        if self.edges is None:
            return 1 + self._above(gain)
        own = bisect_right(self.edges, -gain)
        return 1 + (self._above(-self.edges[own - 1]) if own else 0)

    def _above(self, gain: float) -> int:
        return len(self.gains) - bisect_right(self.gains, gain)


def crowd(terms: Terms, facts: Facts) -> Crowd:
    found = {}
    for pupil in facts.pupils:
        stands = facts.of(pupil, terms.item.name).on_time
        if stands is not None:
            found[pupil.team] = terms.gain(stands.score)
    return Crowd(sorted(found.values()), facts.edges.get(terms.item.name))
