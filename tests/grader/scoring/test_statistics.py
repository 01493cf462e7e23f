"""The bootstrap against Student's t and exact binomial sums; coverage and tie groups by simulation."""

import numpy as np
import pytest
from scipy import stats

from grader.scoring import statistics
from grader.scoring.statistics import (
    bootstrap_half_width,
    half_widths,
    replicated,
    resampled_means,
    tie_groups,
)


def test_it_equals_the_normal_interval_for_many_items() -> None:
    values = np.random.default_rng(1).normal(20, 2, 4_000)
    expected = 1.96 * values.std() / np.sqrt(len(values))
    assert bootstrap_half_width(values, np.random.default_rng(2)) == pytest.approx(expected, rel=0.08)


def test_the_interval_covers_the_true_mean_95_times_in_100() -> None:
    rng = np.random.default_rng(3)
    samples = rng.exponential(1.0, (800, 150))  # skewed, with mean 1
    widths = half_widths(resampled_means(samples, rng, repetitions=300), blocks=150)
    covered = np.abs(samples.mean(axis=1) - 1.0) <= widths
    assert covered.mean() == pytest.approx(0.95, abs=0.025)  # 3 standard errors of 800 trials


@pytest.mark.parametrize("blocks", [10, 30, 200])
def test_few_blocks_widen_the_interval_as_students_t_does(blocks: int) -> None:
    rng = np.random.default_rng(6)
    once = rng.normal(0, 1, blocks // 2)
    values = np.concatenate([once, -once])  # not skewed
    expected = stats.t.ppf(0.975, blocks - 1) * values.std(ddof=1) / np.sqrt(blocks)
    found = half_widths(resampled_means(values[np.newaxis], rng, repetitions=40_000), blocks=blocks)
    assert found[0] == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("right", [0.5, 0.9, 0.99, 0.995])
def test_of_2000_answers_the_interval_covers_even_where_few_are_wrong(right: float) -> None:
    wrong = np.arange(2_001)
    chance = stats.binom.pmf(wrong, 2_000, 1 - right)
    likely = chance > 1e-5
    spread = np.random.default_rng(7).binomial(
        2_000, wrong[likely, np.newaxis] / 2_000, (likely.sum(), 4_000)
    )
    widths = half_widths(spread / 2_000, blocks=2_000)  # what resampling so many wrong answers gives
    covered = np.abs(wrong[likely] / 2_000 - (1 - right)) <= widths
    assert chance[likely][covered].sum() == pytest.approx(0.95, abs=0.02)


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
    monkeypatch.setattr(statistics, "DRAWS", 400)  # ten resamples at a time
    assert bootstrap_half_width(values, np.random.default_rng(8), repetitions=70) == pytest.approx(whole)


# ---------------------------------------------------------------- resamples


def test_resampled_means_are_those_of_the_items_drawn() -> None:
    values = np.random.default_rng(0).random((3, 7))
    found = resampled_means(values, np.random.default_rng(1), repetitions=5)
    drawn = np.random.default_rng(1).integers(7, size=(5, 7), dtype=np.int32)
    assert found == pytest.approx(values[:, drawn].mean(axis=2))


def test_blocks_are_drawn_whole() -> None:
    blocks = np.random.default_rng(0).random(6)
    values = np.repeat(blocks, 4)[np.newaxis]
    together = resampled_means(values, np.random.default_rng(1), block=4)
    assert together == pytest.approx(resampled_means(blocks[np.newaxis], np.random.default_rng(1)))
    alone = resampled_means(values, np.random.default_rng(2))
    assert half_widths(together) == pytest.approx(2 * half_widths(alone), rel=0.1)
    of_six = bootstrap_half_width(blocks, np.random.default_rng(3))
    assert bootstrap_half_width(values[0], np.random.default_rng(3), block=4) == pytest.approx(of_six)


def test_a_shorter_last_block_counts_by_its_items() -> None:
    found = resampled_means(np.array([[0.0, 0, 0, 6]]), np.random.default_rng(0), block=3, repetitions=200)
    assert sorted(set(found[0].round(9))) == [0, 1.5, 6]


# ---------------------------------------------------------------- tie groups


def groups(values: np.ndarray, *, block: int = 1) -> list[int]:
    """Of the teams in the order of `values` (k, n), losses."""
    losses = values.mean(axis=1)
    order = losses.argsort(kind="stable")
    found = np.empty(len(values), int)
    resampled = resampled_means(values, np.random.default_rng(0), block=block)
    found[order] = tie_groups(resampled[order], losses[order], blocks=values.shape[1] // block)
    return found.tolist()


def test_two_teams_are_one_group_while_their_paired_interval_has_zero_in_it() -> None:
    rng = np.random.default_rng(0)
    base, noise = rng.random(500), rng.normal(0, 0.1, 500)
    noise -= noise.mean()
    error = noise.std() / np.sqrt(500)  # of the difference; the items' own spread does not matter
    for gap, expected in ((1.5, [0, 0]), (2.5, [0, 1])):
        assert groups(np.stack([base, base + noise + gap * error])) == expected


def test_more_teams_need_a_wider_gap() -> None:
    rng = np.random.default_rng(0)
    base = rng.random(500)
    noises = rng.normal(0, 0.1, (30, 500))
    noises -= noises.mean(axis=1, keepdims=True)
    noises[-1] += 3 * 0.1 * np.sqrt(2 / 500)
    assert groups(base + noises[[0, -1]]) == [0, 1]
    assert groups(base + noises) == [0] * 30


def test_the_same_answers_are_always_one_group() -> None:
    base = np.random.default_rng(0).random(50)
    assert groups(np.stack([base, base + 1, base, base + 1])) == [0, 1, 0, 1]
    assert groups(base[np.newaxis]) == [0]
    assert groups(np.empty((0, 5))) == []


def test_a_group_is_opened_by_its_leader_not_by_its_neighbours() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, (9, 400))
    noise -= noise.mean(axis=1, keepdims=True)
    steps = (
        np.arange(9)[:, np.newaxis] * 0.01
    )  # each can't be told from the next, the first from the last can
    found = groups(0.5 + noise + steps)
    assert found == sorted(found)
    assert 1 <= found[-1] <= 5


@pytest.mark.parametrize("block", [1, 5])
def test_thirty_equal_models_stay_together(block: int) -> None:
    rng = np.random.default_rng(1)
    boards = [np.repeat(rng.exponential(1, (30, 60)), block, axis=1) for _ in range(60)]
    assert np.mean([groups(board, block=block) == [0] * 30 for board in boards]) > 0.85


def test_few_blocks_widen_a_groups_reach() -> None:
    rng = np.random.default_rng(2)
    plain, widened = 0, 0
    for _ in range(100):
        board = rng.normal(0, 1, (30, 40))
        losses = board.mean(axis=1)
        order = losses.argsort()
        resampled = resampled_means(board[order], rng, repetitions=500)
        plain += tie_groups(resampled, losses[order])[-1] == 0
        widened += tie_groups(resampled, losses[order], blocks=40)[-1] == 0
    assert plain < widened
    assert widened >= 88  # nominal 95, 3 standard errors of 100 boards; of 20 blocks it would be 84


def test_scores_of_sets_are_told_apart_by_their_intervals() -> None:
    def together(gap: float) -> bool:
        rng = np.random.default_rng(0)
        resampled = np.stack([replicated(value, 1.96, rng) for value in (0.0, gap)])
        return bool(tie_groups(resampled, np.array([0.0, gap]))[1] == 0)

    error = np.sqrt(2)  # of the difference of two scores ± 1.96
    assert together(1.8 * error)
    assert not together(2.2 * error)


def test_replicates_have_the_interval_they_come_from() -> None:
    found = replicated(3.0, 0.5, np.random.default_rng(0), repetitions=20_000)
    assert found.shape == (20_000,)
    assert found.mean() == pytest.approx(3, abs=0.01)
    assert half_widths(found[np.newaxis])[0] == pytest.approx(0.5, rel=0.03)


@pytest.mark.parametrize("seed", range(8))
def test_errors_from_products_are_those_of_the_differences(seed: int) -> None:
    """Teams that have much in common, two with the same answers and two with almost the same."""
    rng = np.random.default_rng(seed)
    resampled = 19 + rng.normal(0, 0.06, 300) + rng.normal(0, 0.01, (20, 300))
    resampled[3], resampled[5] = resampled[1], resampled[2] + rng.normal(0, 1e-6, 300)
    deviations = resampled - resampled.mean(axis=1, keepdims=True)
    largest = []
    for column in deviations.T:
        differences = deviations - deviations[column.argmin()]
        errors = differences.std(axis=1)
        apart = errors > 0
        largest.append(((column - column.min())[apart] / errors[apart]).max())
    expected = np.quantile(largest, 0.95) * (deviations - deviations[0]).std(axis=1)
    assert statistics._reach(deviations, statistics._errors(deviations), None) == pytest.approx(
        expected, rel=1e-6
    )
