"""The sequence-classification assignment: known scores, tiers, data, pictures, and the starter.

The student here is a fake of our own protocol that calls the submission in this process.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from grader import catalogue
from grader.catalogue import HOME
from grader.errors import BadSubmission, Reason
from grader.prepared import Data, draw
from grader.spec import Assignment
from tests.assignments.in_process import InProcess, scores, submission

# Accuracy and NLL in nats on the 256 held-out items of course seed 1.
PINNED = {
    "baselines/mnist1d/logistic": (0.332, 1.668),
    "reference_solutions/mnist1d/gru": (0.996, 0.068),
    "reference_solutions/mnist1d/cnn": (1.000, 0.065),
}


@pytest.fixture(scope="module")
def mnist1d() -> Assignment:
    return catalogue.find("mnist1d")


@pytest.fixture(scope="module")
def data(small: Callable[[str], Data]) -> Data:
    return small("mnist1d")


@pytest.fixture(scope="module")
def measured(mnist1d: Assignment, data: Data) -> dict[str, dict[str, Any]]:
    return {name: scores(mnist1d, data, submission(HOME / name)) for name in PINNED}


# ---------------------------------------------------------------- known scores


@pytest.mark.parametrize("name", PINNED)
def test_each_solution_scores_what_it_did(name: str, measured: dict[str, dict[str, Any]]) -> None:
    accuracy, nll = PINNED[name]
    assert measured[name]["accuracy"].mean() == pytest.approx(accuracy, abs=0.005)  # one item is 0.004
    assert measured[name]["nll"].mean() == pytest.approx(nll, abs=0.005)


def test_every_shipped_solution_is_pinned_and_small() -> None:
    solutions = catalogue.solutions("mnist1d")
    assert {str(solution.folder.relative_to(HOME)) for solution in solutions} == set(PINNED)
    files = [file for solution in solutions for file in solution.folder.iterdir() if file.is_file()]
    assert all(file.stat().st_size < 1_000_000 for file in files)


def test_a_weighted_sum_is_far_below_both_networks(measured: dict[str, dict[str, Any]]) -> None:
    for name in ("cnn", "gru"):
        gain = (
            measured[f"reference_solutions/mnist1d/{name}"]["accuracy"]
            - measured["baselines/mnist1d/logistic"]["accuracy"]
        )
        assert gain.mean() > 3 * gain.std() / np.sqrt(len(gain))  # paired, item by item


def test_tiers_rise_and_each_exemplar_reaches_its_own(
    mnist1d: Assignment, measured: dict[str, dict[str, Any]]
) -> None:
    levels = [tier.score for tier in mnist1d.tiers]
    assert levels == sorted(set(levels))
    for tier in mnist1d.tiers:
        values = measured[tier.exemplar]["accuracy"]
        # 256 other items than the 10,000 it was set on
        assert values.mean() > tier.score - 3 * values.std() / np.sqrt(len(values))


# ---------------------------------------------------------------- data


def test_the_full_profile_and_its_beginning(mnist1d: Assignment, data: Data) -> None:
    prepared = draw(mnist1d, 1)
    assert prepared.public["signals"].shape == (4_000, 1, 40)
    assert prepared.public["examples"].shape == (500, 1, 40)
    assert prepared.heldout["signals"].shape == (10_000, 1, 40)
    assert prepared.heldout["public"].sum() == 2_000
    assert data.heldout["public"].sum() == 64
    for name in ("signals", "labels"):
        assert np.array_equal(data.heldout[name], prepared.heldout[name][:256])
        assert np.array_equal(data.public[name], prepared.public[name])


def test_no_held_out_signal_is_near_one_that_is_handed_out(data: Data) -> None:
    public = np.concatenate([data.public["signals"], data.public["examples"]])[:, 0]
    handed_out, held_out = torch.from_numpy(public), torch.from_numpy(data.heldout["signals"][:, 0])
    nearest = torch.cdist(held_out, handed_out).amin(dim=1)
    among_themselves = torch.cdist(handed_out, handed_out).fill_diagonal_(9).amin(dim=1)
    assert nearest.min() > 0.3
    assert nearest.mean() > 0.9 * among_themselves.mean()


# ---------------------------------------------------------------- the public check


def test_the_check_shows_scores_and_two_pictures(mnist1d: Assignment, data: Data) -> None:
    session = InProcess(submission(HOME / "baselines/mnist1d/logistic")())
    preview = mnist1d.check(session, data.public)
    confusion, surprises = preview.pictures
    assert 0.28 < preview.scores["accuracy"] < 0.38
    assert set(mnist1d.captions) == {shown.name for shown in preview.pictures}
    assert confusion.pixels.shape == (1, 1, 80, 80)
    assert surprises.pixels.shape == (1, 8, 40, 40)
    assert set(np.unique(surprises.pixels)) == {0.0, 1.0}
    assert (surprises.pixels.sum(axis=2) >= 1).all()  # every sample is somewhere on the picture
    assert session.sizes == [1, 500]


def test_probabilities_of_another_shape_are_refused(mnist1d: Assignment, data: Data) -> None:
    class OneByOne:
        def classify(self, signals: Tensor) -> Tensor:
            return torch.zeros(10)

    with pytest.raises(BadSubmission, match=r"expected \(1, 10\)") as caught:
        mnist1d.check(InProcess(OneByOne()), data.public)
    assert caught.value.reason is Reason.WRONG_SHAPE


# ---------------------------------------------------------------- what students start from


def test_the_starter_trains_and_its_model_passes_the_check(
    mnist1d: Assignment, data: Data, tmp_path: Path
) -> None:
    for name in ("model.py", "train.py"):
        (tmp_path / name).write_text((mnist1d.folder / "starter" / name).read_text())
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data" / "public.npz", allow_pickle=False, **data.public)
    trained = subprocess.run(
        [sys.executable, "train.py", "100"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert trained.returncode == 0, trained.stderr
    assert "accuracy on the 500 examples" in trained.stdout
    preview = mnist1d.check(InProcess(submission(tmp_path)()), data.public)
    assert preview.scores["accuracy"] > 0.2  # after 100 steps
