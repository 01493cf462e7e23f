"""What a public board lets out: a team's public score moves only when it has certainly improved.

A plain board answers every probe, and many small answers add up to the labels (Blum & Hardt 2015, "The
Ladder: A Reliable Leaderboard for Machine Learning Competitions"). Losses here are per item, lower is better.

It does not stop who starts from answers that are certainly wrong and rights some at a time: each such step
is certain, and tells how many (of 2,000 coins .56 after some 180 probes, see the benchmark). Against
that stand the number of submissions that a team has, and the private board.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Losses = npt.NDArray[np.floating]

# Standard errors. The paper has 1, which luck reaches with one probe in six: of 2,000 coins the board showed
# .614 right to who changed 30 at a time and kept what it liked, 400 times; .551 against 1.96 (60 at a time),
# .519 against 2.5 (500; .52 with 60), .510 against 3 (500). Boosting got .512 against 2.5. A wider step keeps
# more from honest students, too: two networks that disagree on 8 % of 2,000 images have to differ by 1.6
# points.
STEP = 2.5
SET_STEP = 1.5  # half-widths


@dataclass(frozen=True, eq=False)
class Rung:
    """What a team's public board shows: the loss that was released, and the items' losses behind it."""

    loss: float
    losses: Losses  # (n,)


def climbs(losses: Losses, rung: Rung | None, *, block: int = 1) -> bool:
    """Whether per-item `losses` (n,) are an improvement that may be shown; a team's first always is.

    The parameter-free Ladder (algorithm 2 of the paper) with a wider step: mean(l) < R − STEP·s/√n, where s
    is the standard deviation of l − l* over the n items, l* the losses behind the released R. Items that
    belong together count as one: n is the number of blocks, s their means' deviation. n ≥ 2.

    >>> rung = Rung(1.0, np.array([1.0, 1.0, 1.0, 1.0]))
    >>> climbs(np.array([0.9, 0.9, 0.9, 0.9]), rung), climbs(np.array([0.0, 2.0, 0.0, 1.9]), rung)
    (True, False)
    """
    if rung is None:
        return True
    starts = np.arange(0, len(losses), block)
    sums = np.add.reduceat((losses - rung.losses).astype(np.float64), starts)
    differences = sums * len(starts) / len(losses)  # so that their mean is that of all items
    error = differences.std(ddof=1) / np.sqrt(len(starts))
    return bool(losses.mean(dtype=np.float64) < rung.loss - STEP * error)


def climbs_as_a_set(loss: float, half_width: float, released: float | None) -> bool:
    """The same for a score of a whole set, which has no items: an improvement by SET_STEP half-widths.

    Public scores are told in whole half-widths, so two next to each other may be all but equal.

    >>> climbs_as_a_set(0.8, 0.1, 1.0), climbs_as_a_set(0.9, 0.1, 1.0), climbs_as_a_set(9.0, 0.1, None)
    (True, False, True)
    """
    return released is None or loss < released - SET_STEP * half_width
