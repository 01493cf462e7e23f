"""The VAE assignment's known scores and tiers, its cheats, and the starter that students begin with.

The student here is a fake of our own protocol that calls the submission in this process.
"""

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
from grader.prepared import Data
from grader.spec import Assignment
from tests.assignments.in_process import FakeStudent, InProcess, scores, submission

# Mean bound in nats on the 256 held-out items of course seed 1.
PINNED = {
    "baselines/vae/independent_bernoulli": -388.4,
    "baselines/vae/linear_vae": -281.1,
    "reference_solutions/vae/conv_vae": -246.9,
}


@pytest.fixture(scope="module")
def vae() -> Assignment:
    return catalogue.find("vae")


@pytest.fixture(scope="module")
def data(small: Callable[[str], Data]) -> Data:
    return small("vae")


@pytest.fixture(scope="module")
def measured(vae: Assignment, data: Data) -> dict[str, Any]:
    return {name: scores(vae, data, submission(HOME / name))["elbo"] for name in PINNED}


@pytest.mark.parametrize("name", PINNED)
def test_each_solution_scores_what_it_did(name: str, measured: dict[str, Any]) -> None:
    assert measured[name].mean() == pytest.approx(PINNED[name], abs=0.5)


def test_every_shipped_solution_is_pinned_and_small() -> None:
    solutions = catalogue.solutions("vae")
    assert {str(solution.folder.relative_to(HOME)) for solution in solutions} == set(PINNED)
    files = [file for solution in solutions for file in solution.folder.iterdir() if file.is_file()]
    assert all(file.stat().st_size < 1_000_000 for file in files)


def test_the_order_of_the_solutions_is_no_luck(measured: dict[str, Any]) -> None:
    for worse, better in zip(list(PINNED)[:-1], list(PINNED)[1:], strict=True):
        gain = measured[better] - measured[worse]
        assert gain.mean() > 3 * gain.std() / np.sqrt(len(gain))


def test_tiers_rise_and_each_exemplar_reaches_its_own(vae: Assignment, measured: dict[str, Any]) -> None:
    levels = [tier.score for tier in vae.tiers]
    assert levels == sorted(set(levels))
    for tier in vae.tiers:
        values = measured[tier.exemplar]
        # 256 other items than the 10,000 it was set on
        assert values.mean() > tier.score - 3 * values.std() / np.sqrt(len(values))


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


# ---------------------------------------------------------------- what students start from


def test_the_starter_trains_and_its_model_passes_the_check(
    vae: Assignment, data: Data, tmp_path: Path
) -> None:
    for name in ("model.py", "train.py"):
        (tmp_path / name).write_text((vae.folder / "starter" / name).read_text())
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data" / "public.npz", allow_pickle=False, **data.public)
    command = [sys.executable, "train.py", "50"]
    trained = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert trained.returncode == 0, trained.stderr
    assert "bound of the 32 examples" in trained.stdout
    assert vae.check(InProcess(submission(tmp_path)()), data.public).scores["elbo"] > -784 * np.log(2)
