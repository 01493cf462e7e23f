"""The Ladder: what moves a public score, and what a published attack gains by it."""

import numpy as np
import pytest

from leaderboard.ladder import STEP, Rung, climbs, climbs_as_a_set


def rung(losses: np.ndarray) -> Rung:
    return Rung(float(losses.mean()), losses)


def test_the_first_is_always_shown() -> None:
    assert climbs(np.array([9.0, 9.0]), None)


@pytest.mark.parametrize(("gap", "shown"), [(0.9, False), (1.1, True), (-3.0, False)])
def test_a_score_moves_only_beyond_its_step(gap: float, shown: bool) -> None:
    rng = np.random.default_rng(0)
    before, noise = rng.random(400), rng.normal(0, 0.1, 400)
    noise -= noise.mean()
    step = STEP * noise.std(ddof=1) / np.sqrt(400)
    assert climbs(before + noise - gap * step, rung(before)) is shown


def test_the_same_answers_again_move_nothing() -> None:
    losses = np.random.default_rng(0).random(100)
    assert not climbs(losses, rung(losses))


def test_items_that_belong_together_count_as_one() -> None:
    rng = np.random.default_rng(0)
    before, gains = rng.random(40), rng.normal(-0.01, 0.1, 40)
    gains += -0.02 - gains.mean()
    once = climbs(before + gains, rung(before))
    repeated = np.repeat(before, 8), np.repeat(before + gains, 8)
    assert climbs(repeated[1], rung(repeated[0]), block=8) is once is False
    assert climbs(repeated[1], rung(repeated[0]))  # as if there were eight times as many


def test_guessing_400_times_hardly_ever_moves_a_score() -> None:
    rng = np.random.default_rng(1)
    moved = 0
    for _ in range(20):
        first = rng.integers(2, size=2_000).astype(float)
        guesses = rng.integers(2, size=(400, 2_000)).astype(float)
        moved += sum(climbs(guess, rung(first)) for guess in guesses)
    assert moved <= 100  # of 8,000; 50 are expected, most of them after a bad first guess


def test_a_set_moves_beyond_one_and_a_half_half_widths() -> None:
    assert climbs_as_a_set(0.5, 0.1, None)
    assert climbs_as_a_set(0.34, 0.1, 0.5)
    assert not climbs_as_a_set(0.41, 0.1, 0.5)
