"""The sequence-classification assignment: its data, its public check and pictures.

The student here is a fake of our own protocol that calls the submission in this process.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from grader import catalogue
from grader.catalogue import HOME
from grader.errors import BadSubmission, Reason
from grader.prepared import Data, draw
from grader.spec import Assignment
from tests.assignments.in_process import InProcess, submission


@pytest.fixture(scope="module")
def mnist1d() -> Assignment:
    return catalogue.find("mnist1d")


@pytest.fixture(scope="module")
def data(small: Callable[[str], Data]) -> Data:
    return small("mnist1d")


# ---------------------------------------------------------------- data


@pytest.mark.thorough
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
