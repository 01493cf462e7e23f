"""How much alike two entries' per-item scores are, of all pairs at once, by products of matrices.

Two honest models agree on much: both get easy items right and hard ones wrong. What is measured here is the
agreement beyond that.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Items = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]

# Two judgings of one model differ by the rounding of other batches: by up to 4e-8·(1 + |a|), measured.
# Independently trained ones differ by a hundredth and more on nearly all items.
ROUNDING = 1e-5
# Of figures of whole sets: a grey value that rounding tips may tip two of 5,000 images over the edge of what
# counts as covered. The shipped generators differ by hundredths and more.
COUNTED = 5e-4
SKETCHED = 64  # items that are compared first: few pairs remain
CONSISTENT = 1.4826  # the median absolute deviation of a normal distribution, times this, is its σ


def error_consistency(correct: Bools) -> Floats:
    """Cohen's κ of being right: agreement on which items, beyond what two such accuracies have by chance.

    correct: (k, n), True where entry k has item n right. Returns (k, k), symmetric, in −1…1: 1 where two are
    right and wrong on the same items, 0 where they agree as independent ones would. 0, too, where both are
    right everywhere, or wrong: then chance explains all. Geirhos, Meding & Wichmann 2020, "Beyond accuracy:
    quantifying trial-by-trial behaviour of CNNs and humans by measuring error consistency", section 2.

    >>> error_consistency(np.array([[True, True, False, False], [True, False, False, False]]))[0, 1].item()
    0.5
    """
    right = correct.astype(np.float32)
    n, both = correct.shape[1], (right @ right.T).astype(np.float64)
    hits = np.diag(both)
    observed = (n - hits[:, np.newaxis] - hits + 2 * both) / n
    chance = expected_agreement(hits / n)
    left = 1 - chance
    return np.asarray(np.divide(observed - chance, left, out=np.zeros_like(left), where=left > 1e-12))


def expected_agreement(accuracy: Floats) -> Floats:
    """(k,) → (k, k): on what share of items two independent entries are both right, or both wrong."""
    right, wrong = accuracy[:, np.newaxis] * accuracy, (1 - accuracy)[:, np.newaxis] * (1 - accuracy)
    return right + wrong


def kappa_error(kappa: float, accuracy: Floats, n: int) -> Floats:
    """(k,) → (k, k): the standard error that κ of n items has, where it is `kappa` in truth.

    √(c(1 − c)/n)/(1 − e) for the observed agreement c and the expected one e: Cohen 1960, "A coefficient of
    agreement for nominal scales". Infinite where e is 1.
    """
    chance = expected_agreement(accuracy)
    observed = chance + kappa * (1 - chance)
    left = np.maximum(1 - chance, 1e-12)
    return np.where(1 - chance > 1e-12, np.sqrt(observed * (1 - observed) / n) / left, np.inf)


def profile_correlation(items: Items) -> Floats:
    """Correlation of two entries' scores given the items' mean over all entries: a partial correlation.

    items: (k, n). Returns (k, k) in −1…1. The analogue of κ where items are not just right or wrong: that
    some are hard is common to all; what is left of an entry, when as much of the items' mean is taken away as
    goes with its own scores, is its profile: on which items it does better and worse than others do. 0 with
    an entry that has none; of two entries alone the profiles are each other's opposite.

    Measured on 1,000 items each: the highest of honest pairs is .84 (two networks for text, both trained for
    a minute, on a board of five), then .79 (two VAEs on a board of three); networks of one kind from four
    seeds have .57 to .62 among ten denoisers, .64 to .70 among seven classifiers by NLL. Copies whose weights
    had noise of 2 % have .98 and .99. With the mean subtracted as it is, honest pairs came to .86, two
    classical filters. Where scores are drawn anew in each judging, as a VAE's bound is, a copy has but .71.

    >>> profile_correlation(np.array([[1.0, 2, 3, 4], [1, 2, 3.1, 4], [4, 1, 2, 3]]))[0, 1].round(1).item()
    1.0
    """
    centred = items - items.mean(axis=1, keepdims=True, dtype=np.float64)
    common = centred.mean(axis=0)
    common /= max(float(np.linalg.norm(common)), 1e-12)
    profiles = centred - np.outer(centred @ common, common)
    length = np.linalg.norm(profiles, axis=1, keepdims=True)
    has_one = length > 1e-6 * np.linalg.norm(centred, axis=1, keepdims=True)
    unit = np.divide(profiles, length, out=np.zeros_like(profiles), where=has_one)
    return np.asarray((unit @ unit.T).clip(-1, 1))


def right_or_wrong(items: Items) -> Bools | None:
    """Whether each item was right, of scores that tell no more: 0, or 1 shared by so many answers as tied.

    items: (k, n). None where the scores tell more, as PSNR does. A shared 1 counts as wrong.
    """
    shares = 1 / np.maximum(items, 1e-6)
    plain = (items == 0) | ((items <= 1) & (np.abs(shares - np.rint(shares)) < 1e-4) & (items > 1e-3))
    return np.asarray(items == 1) if bool(plain.all()) and items.size else None


def equal_pairs(stacks: Sequence[Items], rounding: float = ROUNDING) -> Iterator[tuple[int, int]]:
    """Pairs of entries whose scores are equal up to `rounding` on all items, by all metrics.

    stacks: for each metric (k, n). Pairs (i, j) with i < j. A difference of rounding·(1 + |a|) is none.
    """
    count = len(stacks[0]) if stacks else 0
    for row in range(count - 1):
        others = np.arange(row + 1, count)
        for stack in stacks:
            some = np.linspace(0, stack.shape[1] - 1, min(SKETCHED, stack.shape[1])).astype(int)
            others = others[_equal(stack[row, some], stack[np.ix_(others, some)], rounding)]
        for stack in stacks:
            others = others[_equal(stack[row], stack[others], rounding)]
        yield from ((row, int(other)) for other in others)


def _equal(one: Items, many: Items, rounding: float) -> Bools:
    """(n,) and (m, n) → (m,)."""
    return np.asarray((np.abs(many - one) <= rounding * (1 + np.abs(one))).all(axis=1))


def robust_scores(values: Floats) -> Floats:
    """(m,) → (m,): by how many robust σ each lies above the median. 0 where half of all values are one.

    Iglewicz & Hoaglin 1993, "How to detect and handle outliers": copies among the pairs don't hide
    themselves, as they would by widening a standard deviation.

    >>> robust_scores(np.array([0.0, 1, 2, 3, 4, 50]))[-1].round(1).item()
    21.4
    """
    away, spread = values - np.median(values), robust_spread(values)
    return np.asarray(away / spread if spread > 0 else np.zeros_like(away))


def robust_spread(values: Floats) -> float:
    """The median absolute deviation, made consistent with a normal distribution's σ."""
    return float(CONSISTENT * np.median(np.abs(values - np.median(values))))
