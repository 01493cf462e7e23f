"""Accuracy, NLL, calibration error and confusion matrix against PyTorch's and against closed forms."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from grader.questions import TOLERANCE
from grader.scoring.classification import TIE, accuracy, calibration_error, confusion, nll, stability

Drawn = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]


@st.composite
def logits_and_labels(draw: st.DrawFn) -> Drawn:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, classes, spread = (
        draw(st.integers(1, 50)),
        draw(st.integers(2, 12)),
        draw(st.sampled_from([0.1, 3, 30])),
    )
    logits = rng.uniform(-spread, spread, size=(n, classes)).astype(np.float32)
    logits[range(n), logits.argmax(axis=1)] += 2 * TIE * (1 + spread)  # no ties
    return logits, rng.integers(classes, size=n)


@given(logits_and_labels())
def test_nll_is_pytorchs_cross_entropy(drawn: Drawn) -> None:
    logits, labels = drawn
    expected = cross_entropy(torch.tensor(logits).double(), torch.tensor(labels), reduction="none")
    assert nll(logits, labels) == pytest.approx(expected.numpy(), abs=1e-12)


@given(logits_and_labels())
def test_accuracy_is_that_of_the_argmax_and_of_the_matrixs_diagonal(drawn: Drawn) -> None:
    logits, labels = drawn
    matrix = confusion(logits, labels)
    assert np.array_equal(accuracy(logits, labels), torch.tensor(logits).argmax(dim=1).numpy() == labels)
    assert matrix.sum() == len(labels)
    assert np.trace(matrix) == accuracy(logits, labels).sum()
    assert np.array_equal(matrix.sum(axis=1), np.bincount(labels, minlength=logits.shape[1]))


@given(logits_and_labels())
def test_the_calibration_error_is_guos_sum_over_bins(drawn: Drawn) -> None:
    logits, labels = drawn
    probabilities = torch.tensor(logits).double().softmax(dim=1).numpy()
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    expected = 0.0
    for low in range(15):  # as Guo et al. 2017 write it
        chosen = (confidence > low / 15) & (confidence <= (low + 1) / 15)
        if chosen.any():
            expected += chosen.mean() * abs(right[chosen].mean() - confidence[chosen].mean())
    assert calibration_error(logits, labels) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("offset", [0.0, 29.0, -29.0])
def test_what_two_answers_may_differ_by_decides_nothing(offset: float) -> None:
    labels = np.arange(1_000) % 10
    within = TOLERANCE * (1 + abs(offset))
    assert accuracy(offset + within * np.eye(10)[labels], labels).mean() == pytest.approx(0.1)
    assert TIE >= 2 * TOLERANCE
    assert accuracy(offset + 4 * within * np.eye(10)[labels], labels).mean() == 1


def test_a_constant_answer_has_the_accuracy_of_a_guess() -> None:
    labels = np.arange(1_000) % 10
    assert accuracy(np.zeros((1_000, 10)), labels).mean() == pytest.approx(0.1)
    assert nll(np.zeros((1_000, 10)), labels) == pytest.approx(np.log(10))


def test_sure_and_wrong_costs_twice_the_clamp() -> None:
    logits = np.array([[30.0, -30.0]])
    assert nll(logits, np.array([1])) == pytest.approx(60)
    assert nll(logits, np.array([0])) == pytest.approx(np.exp(-60), rel=1e-6)


def test_what_is_stated_as_often_as_it_happens_is_calibrated() -> None:
    rng = np.random.default_rng(0)
    chance = rng.uniform(0.5, 1, size=200_000)
    logits = np.stack([np.log(chance / (1 - chance)), np.zeros_like(chance)], axis=1)
    labels = (rng.random(len(chance)) > chance).astype(np.int64)
    assert calibration_error(logits, labels) < 0.01
    assert calibration_error(3 * logits, labels) > 0.05  # surer than it may be


@given(logits_and_labels())
def test_stability_is_how_often_pytorchs_argmax_agrees(drawn: Drawn) -> None:
    logits, _ = drawn
    perturbed = logits[:, ::-1].copy()
    agrees = torch.tensor(logits).argmax(dim=1) == torch.tensor(perturbed).argmax(dim=1)
    assert np.array_equal(stability(logits, perturbed), agrees.numpy())
    assert stability(logits, logits).all()
