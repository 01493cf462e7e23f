"""How sure a mean over held-out items is."""

import numpy as np
import numpy.typing as npt

BLOCK = 2_000_000  # draws held in memory at a time: some 25 MB


def bootstrap_half_width(
    values: npt.NDArray[np.floating], rng: np.random.Generator, *, repetitions: int = 2000
) -> float:
    """Half the width of the 95 % interval of the mean, in the unit of `values`.

    values: (n,), one score per held-out item. The percentile bootstrap (Efron 1979): the mean of n items
    drawn with replacement, `repetitions` times over; the interval lies between the 2.5 % and the 97.5 %
    quantile of those means. It speaks of the choice of items, not of luck in training. Needs n ≥ 1.

    >>> bootstrap_half_width(np.full(100, 3.0), np.random.default_rng(0))
    0.0
    """
    block = max(1, BLOCK // len(values))
    means = [
        _resampled_means(values, rng, min(block, repetitions - done)) for done in range(0, repetitions, block)
    ]
    low, high = np.quantile(np.concatenate(means), (0.025, 0.975))
    return float(high - low) / 2


def _resampled_means(
    values: npt.NDArray[np.floating], rng: np.random.Generator, count: int
) -> npt.NDArray[np.float64]:
    """(count,) means of n items each, drawn with replacement; multinomial weights took five times as long."""
    drawn = rng.integers(len(values), size=(count, len(values)), dtype=np.int32)
    return np.asarray(values[drawn].mean(axis=1, dtype=np.float64))
