"""How sure a mean over held-out items is, and which means can't be told apart."""

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.floating]
Means = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

CONFIDENCE = 0.95
NORMAL_95 = 1.96  # standard errors in half of a 95 % interval
REPETITIONS = 2_000
COLUMNS = 100  # resamples looked at together
DRAWS = 2_000_000  # held in memory at a time: some 50 MB


def bootstrap_half_width(
    values: Values, rng: np.random.Generator, *, block: int = 1, repetitions: int = REPETITIONS
) -> float:
    """Half the width of the 95 % interval of the mean, in the unit of `values`.

    values: (n,), one score per held-out item, n ≥ 1. By the percentile bootstrap (Efron 1979), from
    `resampled_means`, whose `block` it takes; widened for few blocks and skewed items, see `half_widths`. It
    speaks of the choice of items, not of luck in training.

    >>> bootstrap_half_width(np.full(100, 3.0), np.random.default_rng(0))
    0.0
    """
    means = resampled_means(values[np.newaxis], rng, block=block, repetitions=repetitions)
    return float(half_widths(means, blocks=-(-len(values) // block))[0])


def half_widths(resampled: Means, *, blocks: int | None = None) -> Means:
    """(k, B) → (k,): half of what is between the 2.5 % and the 97.5 % quantile of B resampled means, widened.

    The plain interval is too narrow where the spread is estimated from few blocks, and where mean and spread
    are off together: it has the truth in it 93 times in 100 if ten of 2,000 answers are wrong. So it is
    widened to where mean ± half-width is right up to order 1/n (Hall 1988, "Theoretical Comparison of
    Bootstrap Confidence Intervals", table 1): by (z² + 3) / 4n, as Student's t is, and by
    γ² (z⁴ + 2z² − 3) / 18 for the skewness γ of the mean. n is the number of `blocks` (None: many).
    """
    low, high = np.quantile(resampled, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2), axis=1)
    skewed = _skewness(resampled) ** 2 * (NORMAL_95**4 + 2 * NORMAL_95**2 - 3) / 18
    return np.asarray(high - low) / 2 * (_widened(NORMAL_95, blocks) + skewed)


def _widened(z: float, blocks: int | None) -> float:
    """How much further out than a normal quantile z Student's is, for a spread of n blocks divided by n."""
    return 1 + (z**2 + 3) / (4 * blocks) if blocks else 1.0


def _skewness(resampled: Means) -> Means:
    """(k, B) → (k,); 0 where all are equal."""
    deviations = resampled - resampled.mean(axis=1, keepdims=True)
    spread = deviations.std(axis=1)
    return np.asarray(np.mean(_ratio(deviations, spread[:, np.newaxis]) ** 3, axis=1))


def resampled_means(
    values: Values, rng: np.random.Generator, *, block: int = 1, repetitions: int = REPETITIONS
) -> Means:
    """Means of n items drawn with replacement, many times over: (k, n) → (k, repetitions).

    The same items are drawn for all k rows: differences of two rows are those of a paired bootstrap. Each
    `block` items in a row are drawn together (Künsch 1989, blocks that don't overlap): pieces of one text,
    say, which are hard or easy together. The last block may be shorter.

    >>> resampled_means(np.array([[1.0, 1.0, 5.0, 5.0]]), np.random.default_rng(0), block=2, repetitions=4)
    array([[5., 3., 1., 1.]])
    """
    starts = np.arange(0, values.shape[1], block)
    sums = np.add.reduceat(values.astype(np.float64), starts, axis=1)  # (k, blocks)
    sizes = np.diff(starts, append=values.shape[1])
    count = max(1, DRAWS // len(starts))
    means = np.empty((len(values), repetitions))
    for first in range(0, repetitions, count):
        weights = _multinomial(rng, len(starts), min(count, repetitions - first))
        means[:, first : first + count] = sums @ weights.T / (weights @ sizes)
    return means


def _multinomial(rng: np.random.Generator, n: int, count: int) -> Means:
    """How often each of n is among n draws, (count, n): counting draws is faster than `rng.multinomial`."""
    drawn = rng.integers(n, size=(count, n), dtype=np.int32) + n * np.arange(count)[:, np.newaxis]
    return np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n).astype(np.float64)


def replicated(
    value: float, half_width: float, rng: np.random.Generator, *, repetitions: int = REPETITIONS
) -> Means:
    """What resamples would be of a score that has no items but a 95 % interval: (repetitions,), normal.

    Stacked over submissions it is the `resampled` of `tie_groups`. Each is drawn independently, though sets
    that were compared with the same real images err together: groups are rather too wide than too narrow.

    >>> replicated(0.02, 0.0, np.random.default_rng(0), repetitions=2).tolist()
    [0.02, 0.02]
    """
    return value + half_width / NORMAL_95 * rng.standard_normal(repetitions)


def tie_groups(resampled: Means, losses: Means, *, blocks: int | None = None) -> Indices:
    """Which of k means, best first, can't be told from the leader of their group: (k,) group numbers from 0.

    losses: (k,) ascending, each a mean; resampled: (k, B), the same means of B paired resamples. A group
    opens at its leader. The next joins while the simultaneous interval of its difference from the leader
    has 0 in it: difference ± c·s, s the difference's standard error, c the 95 % quantile over resamples of
    the largest difference/s (max-T; Romano & Wolf 2005). The leader is best by luck, too, so each resample
    has one of its own: against a leader named beforehand, boards of equal models would fall apart. Of few
    `blocks` s is uncertain, and c wider by as much as Student's t would be (None: many).

    >>> spread = np.array([[-1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]])
    >>> tie_groups(5 + spread, np.array([5.0, 5.1, 9.0])).tolist()
    [0, 0, 1]
    """
    deviations = resampled - resampled.mean(axis=1, keepdims=True)
    errors = _errors(deviations)
    groups = np.zeros(len(losses), np.int64)
    leader = 0
    while leader < len(losses):
        reach = _reach(deviations[leader:], errors[leader:, leader:], blocks)
        apart = np.flatnonzero(losses[leader:] - losses[leader] > reach)
        if not len(apart):
            break
        leader += int(apart[0])
        groups[leader:] += 1
    return groups


def _errors(deviations: Means) -> Means:
    """(k, B) → (k, k): standard errors of all differences, from one product."""
    products = deviations @ deviations.T
    squares = products.diagonal()
    variances = squares[:, np.newaxis] + squares - 2 * products
    return np.asarray(np.sqrt(np.maximum(variances, 0) / deviations.shape[1]))


def _reach(deviations: Means, errors: Means, blocks: int | None) -> Means:
    """(k, B), (k, k) → (k,): how far from the first of k equal means the others may be found."""
    leaders = deviations.argmin(axis=0)
    largest = np.empty(deviations.shape[1])
    for start in range(0, len(largest), COLUMNS):
        some = slice(start, start + COLUMNS)
        leader = leaders[some]
        difference = deviations[:, some] - deviations[leader, np.arange(*some.indices(len(largest)))]
        largest[some] = _ratio(difference, errors[:, leader]).max(axis=0)
    c = float(np.quantile(largest, CONFIDENCE))
    return np.asarray(c * _widened(c, blocks) * errors[0])


def _ratio(difference: Means, error: Means) -> Means:
    """Two submissions with equal scores have difference 0 in every resample, without error."""
    return np.divide(difference, error, out=np.zeros_like(difference), where=error > 0)
