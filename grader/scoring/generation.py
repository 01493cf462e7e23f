"""How far generated images are from real ones: KID, FID, precision, recall, density, coverage.

All compare features, (n, d) float64, of generated images with features of real ones; none looks at pixels.
None of them notices copying: a copied training image is as good as real. That is what `copies` is for.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grader.scoring.statistics import NORMAL_95

Features = npt.NDArray[np.float64]
PerItem = npt.NDArray[np.float64]

CHUNK = 500  # rows of a matrix of pairs at a time: 20 MB beside 5,000 others
PARTS, ROUNDS = 5, 20  # of FID's half-width: the items are dealt into five parts, twenty times over
MANIFOLD_K, COVERAGE_K = 3, 5  # neighbours, as in the papers


def standardise(features: Features, real: Features) -> Features:
    """Features in units of the real ones' standard deviation, from their mean. (n, d), (m, d) → (n, d).

    So that no feature counts for its scale alone, and two extractors' scores can be laid side by side.

    >>> standardise(np.array([[3.0]]), real=np.array([[0.0], [2.0]])).tolist()
    [[2.0]]
    """
    spread = np.maximum(real.std(axis=0), 1e-12)
    return np.asarray((features - real.mean(axis=0)) / spread)


def kid(generated: Features, real: Features) -> float:
    """Kernel inception distance: the squared maximum mean discrepancy; lower is better, 0 best.

    Bińkowski, Sutherland, Arbel & Gretton 2018, "Demystifying MMD GANs", §4: the kernel is
    k(x, y) = (x·y / d + 1)³. generated (n, d), real (m, d), n and m at least 2. Unbiased: its mean does not
    depend on n or m, and for two sets from one source it is 0, so a single value may be below.

    >>> kid(np.array([[1.0], [1.0]]), np.array([[0.0], [0.0]]))
    7.0
    """
    return kid_and_half_width(generated, real)[0]


def kid_and_half_width(generated: Features, real: Features) -> tuple[float, float]:
    """`kid`, and half its 95 % interval: how far other z and other real images would have moved it.

    The variance is J − D, as Sutherland & Deka 2019 have it for equal numbers ("Unbiased estimators for the
    variance of MMD estimators"). J is the jackknife's: four times the variance of the items' mean kernel
    differences over their number, for either set. D is what pairs add beyond their two items; J has it twice,
    the truth once and never less. Near 0, where the best models are, most of the variance is D: the jackknife
    alone would be up to √2 too wide there, parts of a fifth √5. n and m at least 2.
    """
    ours, theirs, between = _among(generated), _among(real), _between(generated, real)
    value = ours.mean + theirs.mean - 2 * between.mean
    jackknife = 4 * (
        float(np.var(ours.rows - between.rows, ddof=1)) / len(generated)
        + float(np.var(theirs.rows - between.columns, ddof=1)) / len(real)
    )
    by_pairs = (
        2 * ours.interaction / len(generated) ** 2
        + 2 * theirs.interaction / len(real) ** 2
        + 4 * between.interaction / (len(generated) * len(real))
    )
    return value, NORMAL_95 * math.sqrt(max(jackknife - by_pairs, by_pairs))


def fid(generated: Features, real: Features) -> float:
    """Squared Fréchet distance of two Gaussians of the sets' means and covariances; lower is better, 0 best.

    Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule…", eq. 6:
    |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½). generated (n, d), real (m, d). Biased upwards, more so for small n.

    >>> one = np.array([[-1.0], [1.0]])
    >>> fid(one, one), fid(one + 3, one), round(fid(2 * one, one), 12)
    (0.0, 9.0, 2.0)
    """
    shift = generated.mean(axis=0) - real.mean(axis=0)
    ours, theirs = (np.atleast_2d(np.cov(each, rowvar=False)) for each in (generated, real))
    # tr (Σ₁Σ₂)^½ is the sum of the roots of the eigenvalues of the symmetric Σ₁^½ Σ₂ Σ₁^½.
    root = _symmetric_root(ours)
    cross = np.sqrt(np.linalg.eigvalsh(root @ theirs @ root).clip(min=0)).sum()
    return max(0.0, float(shift @ shift + np.trace(ours) + np.trace(theirs) - 2 * cross))


def fid_and_half_width(generated: Features, real: Features, rng: np.random.Generator) -> tuple[float, float]:
    """`fid`, and half its 95 % interval: how far other z and other real images would have moved it.

    Both sets are dealt into five parts, twenty times over, without replacement: the bootstrap's duplicates
    would pass for a narrower set. A part's variance, σ²/b·(1 − b/n) for b of n items, is turned into σ²/n
    (Politis, Romano & Wolf 1999, "Subsampling", §3). Needs ten items in each set: a part's covariance takes
    two.
    """
    ours, theirs = (_deal(len(each), rng) for each in (generated, real))
    parts = [fid(generated[one > 0], real[other > 0]) for one, other in zip(ours, theirs, strict=True)]
    return fid(generated, real), _half_width(parts)


@dataclass(frozen=True, eq=False)
class Overlap:
    """Four figures per item, whose means are the scores; each is best at 1, density may exceed it."""

    precision: PerItem  # (n,): is this generated one within reach of a real one?
    recall: PerItem  # (m,): is this real one within reach of a generated one?
    density: PerItem  # (n,): within reach of how many, over k?
    coverage: PerItem  # (m,): is any generated one within this real one's reach?


def overlap(generated: Features, real: Features) -> Overlap:
    """Where two sets of equal size lie: generated (n, d), real (n, d). Reach: distance to the k-th neighbour.

    Precision and recall by Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric…", eq. 1, k = 3;
    density and coverage by Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics…", eqs. 3 and 4,
    k = 5. Precision alone is worthless, a single good image has it; so is coverage alone, noise may have it.

    >>> line = np.arange(8.0)[:, np.newaxis]
    >>> found = overlap(line, line)
    >>> [float(each.mean()) for each in (found.precision, found.recall, found.coverage)]
    [1.0, 1.0, 1.0]
    """
    [reach_generated] = _reaches(generated, (MANIFOLD_K,))
    reach_real, wide = _reaches(real, (MANIFOLD_K, COVERAGE_K))
    precision, density = np.empty((2, len(generated)))
    recall, coverage = np.zeros((2, len(real)))
    for part, between in _distances(generated, real):
        within = between <= wide
        precision[part] = np.any(between <= reach_real, axis=1)
        density[part] = within.sum(axis=1) / COVERAGE_K
        recall = np.maximum(recall, np.any(between <= reach_generated[part, np.newaxis], axis=0))
        coverage = np.maximum(coverage, within.any(axis=0))
    return Overlap(precision, recall, density, coverage)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """The kernel of the pairs of two sets, or within one set, where no item is paired with itself."""

    rows: PerItem  # (n,): mean over an item's pairs
    columns: PerItem  # (m,)
    square: float  # mean over all pairs

    @property
    def mean(self) -> float:
        return float(self.rows.mean())

    @property
    def interaction(self) -> float:
        """The variance of what the means of a pair's two items leave unexplained."""
        explained = np.square(self.rows).mean() + np.square(self.columns).mean() - self.mean**2
        return max(0.0, float(self.square - explained))


def _between(x: Features, y: Features) -> _Pairs:
    rows, columns, square = np.empty(len(x)), np.zeros(len(y)), 0.0
    for part, kernel in _kernels(x, y):
        rows[part] = kernel.mean(axis=1)
        columns += kernel.sum(axis=0) / len(x)
        square += float(np.vdot(kernel, kernel)) / (len(x) * len(y))
    return _Pairs(rows, columns, square)


def _among(x: Features) -> _Pairs:
    rows, square, others = np.empty(len(x)), 0.0, len(x) - 1
    for part, kernel in _kernels(x, x):
        np.fill_diagonal(kernel[:, part], 0)
        rows[part] = kernel.sum(axis=1) / others
        square += float(np.vdot(kernel, kernel)) / (len(x) * others)
    return _Pairs(rows, rows, square)


def _kernels(x: Features, y: Features) -> Iterator[tuple[slice, Features]]:
    """KID's kernel, (chunk, m) at a time."""
    for first in range(0, len(x), CHUNK):
        part = slice(first, first + CHUNK)
        yield part, (x[part] @ y.T / x.shape[1] + 1) ** 3


def _deal(n: int, rng: np.random.Generator) -> Features:
    """(rounds · parts, n) of zeros and ones: each round deals all items into parts of equal size."""
    rows = np.zeros((ROUNDS * PARTS, n))
    for number in range(ROUNDS):
        for part, chosen in enumerate(rng.permutation(n)[: n - n % PARTS].reshape(PARTS, -1)):
            rows[number * PARTS + part, chosen] = 1
    return rows


def _half_width(of_parts: Sequence[float]) -> float:
    return float(NORMAL_95 * np.std(of_parts, ddof=1) / np.sqrt(PARTS - 1))


def _symmetric_root(matrix: Features) -> Features:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(values.clip(min=0))) @ vectors.T)


def _distances(x: Features, y: Features) -> Iterator[tuple[slice, Features]]:
    """Euclidean distances, (chunk, m) at a time; of an item from itself 0 but for rounding."""
    lengths = np.square(y).sum(axis=1)
    for first in range(0, len(x), CHUNK):
        part = slice(first, first + CHUNK)
        squared = np.square(x[part]).sum(axis=1)[:, np.newaxis] + lengths - 2 * x[part] @ y.T
        yield part, np.sqrt(np.maximum(squared, 0))


def _reaches(x: Features, neighbours: tuple[int, ...]) -> list[PerItem]:
    """For each k of `neighbours`, (n,): each item's distance to its k-th neighbour, itself not counted."""
    found = [np.partition(among, neighbours, axis=1)[:, neighbours] for _, among in _distances(x, x)]
    return list(np.concatenate(found).T)
