"""KID, FID, precision, recall, density and coverage against other implementations and closed forms."""

import numpy as np
import pytest
from scipy import linalg
from scipy.spatial.distance import cdist

from grader.scoring.generation import (
    Features,
    fid,
    fid_and_half_width,
    kid,
    kid_and_half_width,
    overlap,
    standardise,
)


def gaussian(n: int, *, seed: int, shift: float = 0.0, scale: float = 1.0, d: int = 6) -> Features:
    return shift + scale * np.random.default_rng(seed).standard_normal((n, d))


# ---------------------------------------------------------------- KID


def test_kid_is_the_sum_of_its_definition() -> None:
    x, y = gaussian(13, seed=0), gaussian(9, seed=1, shift=0.5)

    def kernel(a: Features, b: Features) -> float:
        return float((a @ b / len(a) + 1) ** 3)

    among_x = [kernel(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j]
    among_y = [kernel(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j]
    between = [kernel(a, b) for a in x for b in y]
    assert kid(x, y) == pytest.approx(np.mean(among_x) + np.mean(among_y) - 2 * np.mean(between))


def test_kid_of_one_source_is_zero_on_average_whatever_the_number() -> None:
    for n in (20, 200):
        values = [kid(gaussian(n, seed=2 * i), gaussian(50, seed=2 * i + 1)) for i in range(300)]
        assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(300)
        assert min(values) < 0


def test_kid_agrees_with_its_closed_form_for_shifted_points() -> None:
    # One dimension, all generated at a, all real at 0: (a² + 1)³ + 1 − 2·1.
    assert kid(np.full((4, 1), 2.0), np.zeros((3, 1))) == pytest.approx(5**3 - 1)


def test_kid_grows_with_the_distance() -> None:
    real = gaussian(500, seed=0)
    values = [kid(gaussian(500, seed=1, shift=shift), real) for shift in (0, 0.2, 0.4, 0.8)]
    assert values == sorted(values)


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.5])
def test_the_half_width_covers_what_other_draws_give(shift: float) -> None:
    found = [
        kid_and_half_width(gaussian(100, seed=2 * i, shift=shift), gaussian(150, seed=2 * i + 1))
        for i in range(400)
    ]
    values, widths = np.array(found).T
    assert np.sqrt(np.mean(widths**2)) / 1.96 == pytest.approx(values.std(), rel=0.25)
    covered = np.mean(np.abs(values - values.mean()) <= widths)
    assert covered >= 0.88  # nominal .95; the cubic kernel of so few points in six dimensions is skewed


def test_the_half_width_is_the_jackknifes_without_what_that_has_twice() -> None:
    x, y = gaussian(12, seed=0), gaussian(9, seed=1, shift=1.5)
    without_x = np.array([kid(np.delete(x, i, axis=0), y) for i in range(12)])
    without_y = np.array([kid(x, np.delete(y, i, axis=0)) for i in range(9)])
    jackknife = 11 / 12 * 11 * without_x.var() + 8 / 9 * 8 * without_y.var()
    by_pairs = 2 * interaction(x, x) / 12**2 + 2 * interaction(y, y) / 9**2 + 4 * interaction(x, y) / 12 / 9
    _, width = kid_and_half_width(x, y)
    assert (width / 1.96) ** 2 == pytest.approx(max(jackknife - by_pairs, by_pairs), rel=0.2)


def interaction(x: Features, y: Features) -> float:
    """What of a table's variance is left by its rows' and columns' means; no item meets itself."""
    table = (x @ y.T / x.shape[1] + 1) ** 3
    met = ~np.eye(len(x), dtype=bool) if x is y else np.ones(table.shape, bool)
    table = np.ma.array(table, mask=~met)
    rest = table.var() - table.mean(axis=1).var() - table.mean(axis=0).var()
    return float(rest)


def test_equal_sets_have_no_width() -> None:
    assert kid_and_half_width(np.ones((3, 2)), np.zeros((4, 2))) == (7.0, 0.0)


# ---------------------------------------------------------------- FID


def test_fid_against_scipys_matrix_root() -> None:
    x = gaussian(300, seed=0) @ gaussian(6, seed=5)
    y = gaussian(200, seed=1, shift=0.3) @ gaussian(6, seed=6)
    ours, theirs = np.cov(x.T), np.cov(y.T)
    root = linalg.sqrtm(ours @ theirs).real
    expected = np.square(x.mean(0) - y.mean(0)).sum() + np.trace(ours + theirs - 2 * root)
    assert fid(x, y) == pytest.approx(expected)
    assert fid(x, x) == pytest.approx(0, abs=1e-9)
    assert fid(x, y) == pytest.approx(fid(y, x))


def test_fid_of_a_collapsed_set_is_finite() -> None:
    real = gaussian(400, seed=0)
    collapsed = np.tile(real.mean(axis=0), (50, 1))
    assert fid(collapsed, real) == pytest.approx(np.trace(np.cov(real.T)))


def test_fids_bias_falls_with_the_number_of_images() -> None:
    real = gaussian(2_000, seed=0)
    small, large = (np.mean([fid(gaussian(n, seed=i + 1), real) for i in range(20)]) for n in (100, 1_000))
    assert small > 3 * large


def test_fids_half_width_depends_on_nothing_but_its_generator() -> None:
    x, y = gaussian(100, seed=0), gaussian(120, seed=1)
    one, same, other = (fid_and_half_width(x, y, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert one == same
    assert one[0] == other[0]
    assert one[1] != other[1]


def test_fids_half_width_comes_with_the_value_of_all_images() -> None:
    x, y = gaussian(500, seed=1), gaussian(400, seed=2)
    value, half_width = fid_and_half_width(x, y, np.random.default_rng(0))
    assert value == fid(x, y)
    assert half_width > 0


# ---------------------------------------------------------------- precision, recall, density, coverage


def test_overlap_is_what_the_papers_write() -> None:
    x, y = gaussian(40, seed=0, d=2), gaussian(40, seed=1, shift=0.7, d=2)
    between = cdist(x, y)

    def reach(points: Features, k: int) -> Features:
        return np.sort(cdist(points, points), axis=1)[:, k]

    found = overlap(x, y)
    inside = [[between[i, j] <= reach(y, 5)[j] for j in range(40)] for i in range(40)]
    assert np.array_equal(found.precision, [any(between[i] <= reach(y, 3)) for i in range(40)])
    assert np.array_equal(found.recall, [any(between[:, j] <= reach(x, 3)) for j in range(40)])
    assert np.allclose(found.density, np.sum(inside, axis=1) / 5)
    assert np.array_equal(found.coverage, np.any(inside, axis=0))


def test_one_good_image_has_precision_and_no_coverage() -> None:
    real = gaussian(300, seed=0, d=3)
    found = overlap(np.tile(real[:1], (300, 1)), real)
    assert found.precision.mean() == 1
    assert found.coverage.mean() < 0.1
    assert found.recall.mean() < 0.1


def test_two_sets_of_one_source_overlap() -> None:
    # Naeem et al. 2020, §3.2: the expected coverage is 1 − (n−1)…(n−k)/(2n−1)…(2n−k), 1 − 2⁻⁵ for large n.
    found = overlap(gaussian(1_000, seed=0, d=3), gaussian(1_000, seed=1, d=3))
    assert found.coverage.mean() == pytest.approx(1 - 2**-5, abs=0.02)
    assert found.density.mean() == pytest.approx(1, abs=0.05)


# ---------------------------------------------------------------- units


def test_standardised_real_features_have_mean_0_and_spread_1() -> None:
    real = gaussian(100, seed=0, shift=3, scale=5)
    units = standardise(real, real)
    assert np.allclose(units.mean(axis=0), 0)
    assert np.allclose(units.std(axis=0), 1)


def test_scores_do_not_depend_on_the_scale_of_a_feature() -> None:
    x, real = gaussian(100, seed=0, shift=0.3), gaussian(100, seed=1)
    stretch = np.array([1, 10, 0.1, 2, 1, 1])
    plain = kid(standardise(x, real), standardise(real, real))
    stretched = kid(standardise(x * stretch, real * stretch), standardise(real * stretch, real * stretch))
    assert stretched == pytest.approx(plain)
