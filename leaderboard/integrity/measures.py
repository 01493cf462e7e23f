"""Which measures of likeness a board allows, all pairs' values on each, and from where on a pair is shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leaderboard.integrity.agreement import (
    error_consistency,
    kappa_error,
    profile_correlation,
    right_or_wrong,
    robust_scores,
    robust_spread,
)
from leaderboard.integrity.evidence import Evidence
from leaderboard.integrity.findings import Measure, Reading, Sign

# From 14 classifiers of clothes: the mean and the highest of 91 honest pairs were .694 and .798, five copies
# .81 to .94. At the bar there are none of the former and three of the latter.
HONEST_KAPPA, KAPPA_BAR = 0.694, 0.83
HONEST_PROFILE, PROFILE_BAR = 0.84, 0.90  # the highest honest pair: see `profile_correlation`
ERRORS = 4.0  # standard errors that chance is left: one in 30,000, and a large class has 45,000 pairs
FEWEST = 28  # pairs from which a board tells what is usual on it; where that is far below,
SIGMAS = 6.0  # so many robust σ above its median will do instead of the bar,
# but nothing less than this. VAEs of one kind have r = -.1 to .1 on a board of such, and a copy has but .71,
# since noise is drawn in each judging; on boards of weak and strong models σ is too wide to lower anything.
LOWEST = {Sign.ERRORS: 0.80, Sign.PROFILE: 0.60}

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Likeness:
    """One measure with its matrices; `members`: the place of each row in the list of evidence."""

    measure: Measure
    members: npt.NDArray[np.int64]
    values: Floats  # (k, k)
    bars: Floats  # (k, k)
    sigmas: Floats | None  # (k, k)

    def high(self, compared: Bools) -> Iterator[tuple[int, int]]:
        """Pairs (i, j), i < j, of evidence at or above their bar."""
        shown = np.triu(self.values >= self.bars, 1) & compared[np.ix_(self.members, self.members)]
        for row, column in np.argwhere(shown):
            yield int(self.members[row]), int(self.members[column])

    def reading(self, first: int, second: int) -> Reading | None:
        """Of a pair of evidence; None where one of them has no such scores."""
        place = np.searchsorted(self.members, [first, second])
        if (place >= len(self.members)).any() or (self.members[place] != [first, second]).any():
            return None
        one, other = place
        sigmas = None if self.sigmas is None else float(self.sigmas[one, other])
        return Reading(self.measure, float(self.values[one, other]), float(self.bars[one, other]), sigmas)


def likenesses(
    evidence: Sequence[Evidence], metrics: Sequence[str], compared: Bools, *, block: int
) -> list[Likeness]:
    """What can be measured of entries that have per-item scores; metrics in the assignment's order.

    κ of the metric that ranks where it says right or wrong, and the correlation of profiles of the first
    that says more. compared: (k, k), which pairs. block: items in a row that belong together.
    """
    found: list[Likeness] = []
    for number, name in enumerate(metrics):
        members = with_items(evidence, name)
        if len(members) < 2 or not compared[np.ix_(members, members)].any():
            continue
        scores = np.stack([evidence[member].items[name] for member in members])
        correct = right_or_wrong(scores)
        if correct is None:
            return [*found, _profiles(scores, members, compared, name, block)]
        if number == 0:
            found.append(_mistakes(correct, members, compared, name, block))
    return found


def with_items(evidence: Sequence[Evidence], metric: str) -> npt.NDArray[np.int64]:
    """Places of entries with that metric's scores of as many items as most have: data may have changed."""
    sizes = np.array([len(one.items.get(metric, ())) for one in evidence], np.int64)
    counts = np.bincount(sizes[sizes > 0]) if (sizes > 0).any() else np.zeros(1, np.int64)
    return np.flatnonzero((sizes == counts.argmax()) & (sizes > 0))


def _mistakes(
    correct: Bools, members: npt.NDArray[np.int64], compared: Bools, name: str, block: int
) -> Likeness:
    values = error_consistency(correct)
    error = kappa_error(HONEST_KAPPA, correct.mean(axis=1), max(correct.shape[1] // block, 1))
    bars = np.maximum(KAPPA_BAR, HONEST_KAPPA + ERRORS * error)
    return _likeness(Sign.ERRORS, ("κ", name), members, values, bars, compared)


def _profiles(
    scores: npt.NDArray[np.float32], members: npt.NDArray[np.int64], compared: Bools, name: str, block: int
) -> Likeness:
    """By Fisher's z = artanh r, whose standard error is 1/√(n − 3)."""
    values = profile_correlation(scores)
    error = 1 / np.sqrt(max(scores.shape[1] // block - 3, 1))
    bar = max(PROFILE_BAR, float(np.tanh(np.arctanh(HONEST_PROFILE) + ERRORS * error)))
    return _likeness(Sign.PROFILE, ("r", name), members, values, np.full_like(values, bar), compared)


def _likeness(
    sign: Sign,
    called: tuple[str, str],
    members: npt.NDArray[np.int64],
    values: Floats,
    bars: Floats,
    compared: Bools,
) -> Likeness:
    chosen = np.triu(compared[np.ix_(members, members)], 1)
    board = values[chosen]
    sigmas = None
    if len(board) >= FEWEST:
        sigmas = np.zeros_like(values)
        sigmas[chosen] = robust_scores(board)
        sigmas += sigmas.T
        bars = np.minimum(bars, max(_unusual(board), LOWEST[sign]))
    measure = Measure(sign, *called, values=np.sort(board), bar=float(np.median(bars[chosen])))
    return Likeness(measure, members, values, bars, sigmas)


def _unusual(board: Floats) -> float:
    """SIGMAS robust σ above the median of a board's own pairs; 1 where half of them are equal."""
    spread = robust_spread(board)
    return float(np.median(board) + SIGMAS * spread) if spread > 0 else 1.0
