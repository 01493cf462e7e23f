"""The VAE assignment's public check, its cheats, and what each process is asked.

The student here is a fake of our own protocol that calls the submission in this process.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from grader import catalogue
from grader.catalogue import HOME
from grader.errors import BadSubmission, Reason
from grader.prepared import Data
from grader.spec import Assignment
from tests.assignments.in_process import FakeStudent, InProcess, scores, submission


@pytest.fixture(scope="module")
def vae() -> Assignment:
    return catalogue.find("vae")


@pytest.fixture(scope="module")
def data(small: Callable[[str], Data]) -> Data:
    return small("vae")


def test_the_check_shows_reconstructions_samples_and_a_walk(vae: Assignment, data: Data) -> None:
    preview = vae.check(InProcess(submission(HOME / "baselines/vae/linear_vae")()), data.public)
    [picture] = preview.pictures
    assert set(vae.captions) == {shown.name for shown in preview.pictures}
    assert picture.pixels.shape == (4, 8, 28, 28)
    assert 0 <= picture.pixels.min() <= picture.pixels.max() <= 1
    assert -330 < preview.scores["elbo"] < -200


# ---------------------------------------------------------------- cheats


class Honest:
    """Knows nothing: posterior and prior are one, every pixel is a coin."""

    size: Any = 4

    def latent_size(self) -> Any:
        return self.size

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return torch.zeros(len(x), 4), torch.zeros(len(x), 4)

    def decode(self, z: Tensor) -> Tensor:
        return torch.zeros(len(z), 1, 28, 28) + z.sum(1)[:, None, None, None] * 0.01


class Pooling(Honest):
    """Takes the mean of all z that it sees together."""

    def decode(self, z: Tensor) -> Tensor:
        return super().decode(z.mean(0, keepdim=True).expand_as(z) * 100)


class Remembering(Honest):
    """Its answers depend on what it was asked before."""

    def __init__(self) -> None:
        self.seen = torch.zeros(4)

    def decode(self, z: Tensor) -> Tensor:
        self.seen = self.seen + z.sum(0)
        return super().decode(z + self.seen)


class Random(Honest):
    def decode(self, z: Tensor) -> Tensor:
        return torch.randn(len(z), 1, 28, 28)


class TooLarge(Honest):
    size = 257


class Changing(Honest):
    """Another D in every process."""

    made = 0

    def __init__(self) -> None:
        Changing.made += 1
        self.size = 4 if Changing.made == 1 else 5


@pytest.mark.parametrize(
    ("cheat", "reason"),
    [
        (Pooling, Reason.NOT_A_FUNCTION),
        (Remembering, Reason.NOT_A_FUNCTION),
        (Random, Reason.NOT_A_FUNCTION),
        (TooLarge, Reason.WRONG_SHAPE),
        (Changing, Reason.NOT_A_FUNCTION),
    ],
)
def test_cheats_are_found(cheat: type[Honest], reason: Reason, vae: Assignment, data: Data) -> None:
    with pytest.raises(BadSubmission) as caught:
        scores(vae, data, cheat)
    assert caught.value.reason is reason


def test_an_honest_know_nothing_scores_what_it_should(vae: Assignment, data: Data) -> None:
    assert scores(vae, data, Honest)["elbo"].mean() == pytest.approx(-784 * np.log(2), abs=2)


def test_the_encoder_sees_no_latent_and_the_decoders_see_no_image(vae: Assignment, data: Data) -> None:
    asked: list[list[str]] = []

    class Witness(Honest):
        def __init__(self) -> None:
            asked.append([])

        def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
            asked[-1].append("encode")
            return super().encode(x)

        def decode(self, z: Tensor) -> Tensor:
            asked[-1].append("decode")
            return super().decode(z)

    student = FakeStudent(Witness)
    vae.evaluate(student, data.heldout, np.random.default_rng(0))
    done, totals = zip(*student.told, strict=True)
    assert list(done) == sorted(set(done))
    assert set(totals) == {done[-1]} == {3 * 256}
    assert [set(each) for each in asked] == [{"encode"}, {"decode"}, {"decode"}]


def test_a_bound_that_cannot_be_is_our_fault(vae: Assignment, data: Data) -> None:
    """Were all pixels coins, nobody could explain them this well: so something has leaked."""
    coins = {**data.heldout, "grey": np.full_like(data.heldout["grey"], 128)}
    with pytest.raises(ArithmeticError, match="what was asked leaks"):
        scores(vae, Data(data.public, coins, data.sha256), submission(HOME / "baselines/vae/linear_vae"))
