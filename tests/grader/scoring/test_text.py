"""Code lengths against PyTorch's cross entropy and closed forms."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from grader.scoring.text import bits_per_character, block_means, code_length


def questions(seed: int = 0, scale: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return scale * rng.standard_normal((7, 11, 63)).astype(np.float32), rng.integers(63, size=(7, 11))


@pytest.mark.parametrize("scale", [0.1, 1, 3])
def test_it_is_the_cross_entropy_in_bits(scale: float) -> None:
    logits, codes = questions(scale=scale)
    nats = cross_entropy(
        torch.from_numpy(logits).double().flatten(0, 1), torch.from_numpy(codes).flatten(), reduction="none"
    )
    mixed = (1 - 2**-20) * np.exp(-nats.numpy()) + 2**-20 / 63
    np.testing.assert_allclose(code_length(logits, codes).ravel(), -np.log2(mixed), rtol=1e-12)
    assert code_length(logits, codes).mean() == pytest.approx(float(nats.mean()) / np.log(2), abs=1e-3)


@pytest.mark.parametrize("symbols", [1, 2, 63, 256])
def test_uniform_logits_cost_the_logarithm_of_the_alphabet(symbols: int) -> None:
    lengths = code_length(np.full((5, symbols), 7.0, np.float32), np.zeros(5, np.int64))
    np.testing.assert_allclose(lengths, np.log2(symbols), rtol=1e-12, atol=1e-12)


def test_what_each_symbol_would_cost_is_the_code_of_one_distribution() -> None:
    """Kraft's inequality holds with equality: no choice of logits makes all symbols cheap."""
    logits, _ = questions(scale=8)
    row = np.repeat(logits[0, 0][np.newaxis], 63, axis=0)
    assert np.exp2(-code_length(row, np.arange(63))).sum() == pytest.approx(1, abs=1e-12)


@given(shift=st.floats(-1e4, 1e4, width=32), seed=st.integers(0, 100))
def test_a_shift_of_all_logits_changes_nothing(shift: float, seed: int) -> None:
    logits, codes = questions(seed)
    shifted = logits.astype(np.float64) + shift
    np.testing.assert_allclose(code_length(shifted, codes), code_length(logits, codes), atol=1e-6)


def test_the_largest_float32_costs_a_bounded_number_of_bits() -> None:
    largest = np.finfo(np.float32).max
    logits = np.array([[largest, -largest, 0], [largest, -largest, 0]], np.float32)
    lengths = code_length(logits, np.array([1, 0]))
    np.testing.assert_allclose(lengths, [20 + np.log2(3), 0], atol=2e-6)


def test_more_rows_than_a_chunk() -> None:
    rng = np.random.default_rng(0)
    logits, codes = rng.standard_normal((40_000, 63)).astype(np.float32), rng.integers(63, size=40_000)
    expected = [code_length(logits[part], codes[part]) for part in (slice(0, 25_000), slice(25_000, None))]
    np.testing.assert_array_equal(code_length(logits, codes), np.concatenate(expected))


def test_blocks_and_mean_agree() -> None:
    lengths = np.random.default_rng(0).random((6, 50 + 400))
    assert block_means(lengths[:, 50:], 200).shape == (12,)
    assert block_means(lengths[:, 50:], 200).mean() == pytest.approx(bits_per_character(lengths, context=50))
