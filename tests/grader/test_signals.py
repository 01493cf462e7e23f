"""MNIST-1D drawn under a seed: the same everywhere, another for each seed, nothing of ours disturbed."""

import random
import sys
from pathlib import Path

import numpy as np
import pytest

from grader.errors import HeldoutError
from grader.signals import mnist1d


def test_the_seed_and_the_purpose_decide_everything() -> None:
    one, same = mnist1d(100, 1, "a"), mnist1d(100, 1, "a")
    assert np.array_equal(one.signals, same.signals)
    assert np.array_equal(one.labels, same.labels)
    for other in (mnist1d(100, 2, "a"), mnist1d(100, 1, "b")):
        assert not np.array_equal(one.signals, other.signals)
        assert not np.array_equal(one.labels, other.labels)


def test_a_smaller_draw_is_the_beginning_of_a_larger() -> None:
    small, large = mnist1d(50, 1, "a"), mnist1d(200, 1, "a")
    assert np.array_equal(small.signals, large.signals[:50])
    assert np.array_equal(small.labels, large.labels[:50])


def test_signals_are_standardised_and_classes_as_likely() -> None:
    drawn = mnist1d(2_000, 1, "a")
    assert drawn.signals.shape == (2_000, 1, 40)
    assert drawn.signals.dtype == np.float32
    assert drawn.labels.dtype == np.int64
    assert drawn.signals.mean() == pytest.approx(0, abs=0.02)
    assert drawn.signals.std() == pytest.approx(1, abs=0.02)
    assert np.bincount(drawn.labels).min() > 150


def test_nothing_in_this_process_is_touched() -> None:
    """The package sets the global generators and imports a plotting library."""
    np.random.seed(5)
    random.seed(5)
    before = (np.random.get_state()[1].tolist(), random.getstate())  # type: ignore[index]
    mnist1d(10, 1, "a")
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before  # type: ignore[index]
    assert "mnist1d" not in sys.modules


def test_a_missing_package_is_named_with_what_to_do(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')  # without any installed package
    python.chmod(0o755)
    with pytest.raises(HeldoutError) as caught:
        mnist1d(10, 1, "a", python=str(python))
    assert "No module named" in caught.value.where
    assert "pip install mnist1d" in caught.value.next_step
