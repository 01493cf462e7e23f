"""The bootstrap against the normal approximation, and its coverage by simulation."""

import numpy as np
import pytest

from grader.scoring import statistics
from grader.scoring.statistics import bootstrap_half_width


def test_it_equals_the_normal_interval_for_many_items() -> None:
    values = np.random.default_rng(1).normal(20, 2, 4_000)
    expected = 1.96 * values.std() / np.sqrt(len(values))
    assert bootstrap_half_width(values, np.random.default_rng(2)) == pytest.approx(expected, rel=0.08)


def test_the_interval_covers_the_true_mean_95_times_in_100() -> None:
    rng = np.random.default_rng(3)
    samples = rng.exponential(1.0, (400, 150))  # skewed, with mean 1
    half_widths = [bootstrap_half_width(sample, rng, repetitions=300) for sample in samples]
    covered = np.abs(samples.mean(axis=1) - 1.0) <= half_widths
    assert 0.91 <= covered.mean() <= 0.98  # ±3 standard errors of 400 trials, and the skew's cost


def test_the_seed_decides() -> None:
    values = np.random.default_rng(4).random(50)
    one, same, other = (bootstrap_half_width(values, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert one == same != other


def test_the_unit_is_that_of_the_values() -> None:
    values = np.random.default_rng(4).random(50)
    metres, centimetres = (
        bootstrap_half_width(scale * values, np.random.default_rng(5)) for scale in (1.0, 100.0)
    )
    assert centimetres == pytest.approx(100 * metres)


def test_one_item_or_equal_items_have_no_width() -> None:
    assert bootstrap_half_width(np.array([1.5]), np.random.default_rng(0)) == 0
    assert bootstrap_half_width(np.full(9, 0.25, np.float32), np.random.default_rng(0)) == 0


def test_memory_is_bounded_by_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(7).random(40)
    whole = bootstrap_half_width(values, np.random.default_rng(8), repetitions=70)
    monkeypatch.setattr(statistics, "BLOCK", 400)  # ten resamples at a time
    assert bootstrap_half_width(values, np.random.default_rng(8), repetitions=70) == pytest.approx(whole)
