"""Cheats and slips that the protocol of grader/questions.py must see through, and how it asks."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from grader.catalogue import HOME
from grader.errors import BadSubmission, Reason
from grader.prepared import Data
from grader.questions import (
    LARGEST_LATENT,
    TOLERANCE,
    Question,
    ask,
    ask_if_offered,
    batches,
    each_once,
    latent_size,
    sequence,
)
from grader.spec import Assignment
from tests.assignments.in_process import FakeStudent, Identity, InProcess, Load, scores, submission

# ---------------------------------------------------------------- cheats and slips


class HiddenState:
    """Denoises by a running mean of all it was ever shown."""

    def __init__(self) -> None:
        self.mean = torch.zeros(1, 1, 28, 28)

    def denoise(self, noisy: Tensor) -> Tensor:
        self.mean = 0.9 * self.mean + 0.1 * noisy.mean(dim=0, keepdim=True)
        return (noisy + self.mean) / 2


class BatchStatistics:
    """A network with batch normalisation whose author forgot .eval()."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.network = torch.nn.Sequential(
            torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.BatchNorm2d(4), torch.nn.Conv2d(4, 1, 1)
        )

    @torch.no_grad()
    def denoise(self, noisy: Tensor) -> Tensor:
        output: Tensor = self.network(noisy)
        return output


class Remembers:
    """Consistent within its process: repeats its first answer, which depended on the batch."""

    def __init__(self) -> None:
        self.answers: dict[bytes, Tensor] = {}

    def denoise(self, noisy: Tensor) -> Tensor:
        mean = noisy.mean(dim=0)
        return torch.stack(
            [self.answers.setdefault(item.numpy().tobytes(), (item + mean) / 2) for item in noisy]
        )


class Random:
    """Adds randomness that nothing in the item decides."""

    def denoise(self, noisy: Tensor) -> Tensor:
        return noisy + 0.05 * torch.randn_like(noisy)


class CountsCalls:
    """Answers well until its hundredth item: a warm-up that a check on few items does not see."""

    def __init__(self) -> None:
        self.seen = 0

    def denoise(self, noisy: Tensor) -> Tensor:
        self.seen += len(noisy)
        return noisy if self.seen < 100 else torch.zeros_like(noisy)


@pytest.mark.parametrize("cheat", [HiddenState, BatchStatistics, Remembers, Random, CountsCalls])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_no_function_of_the_item_fails(
    denoising: Assignment, denoising_data: Data, cheat: Load, seed: int
) -> None:
    with pytest.raises(BadSubmission) as caught:
        scores(denoising, denoising_data, cheat, seed=seed)
    assert caught.value.reason == Reason.NOT_A_FUNCTION
    assert ".eval()" in caught.value.next_step


def test_the_text_carries_nothing_of_the_answers(denoising: Assignment, denoising_data: Data) -> None:
    texts = set()
    for cheat in (HiddenState, BatchStatistics, Random):
        with pytest.raises(BadSubmission) as caught:
            scores(denoising, denoising_data, cheat)
        texts.add(str(caught.value))
    [text] = texts
    assert text.startswith("denoise answered differently when the same item was asked again")
    assert f"equal to {TOLERANCE} + {TOLERANCE}·|a|" in text


def test_rounding_differences_are_forgiven(denoising: Assignment, denoising_data: Data) -> None:
    class Rounds:
        def denoise(self, noisy: Tensor) -> Tensor:
            return noisy.clamp(0, 1) + 5e-4 * torch.rand_like(noisy)

    assert scores(denoising, denoising_data, Rounds)["psnr"].mean() == pytest.approx(9.3, abs=0.3)


def test_answers_are_clamped_before_they_are_scored(denoising: Assignment, denoising_data: Data) -> None:
    class Unclamped:
        def denoise(self, noisy: Tensor) -> Tensor:
            return noisy

    identity = scores(denoising, denoising_data, submission(HOME / "baselines/denoising/identity"))
    assert np.array_equal(scores(denoising, denoising_data, Unclamped)["psnr"], identity["psnr"])


@pytest.mark.parametrize("slip", [HiddenState, BatchStatistics, Random])
def test_the_check_finds_the_usual_slips_on_public_examples(
    denoising: Assignment, denoising_data: Data, slip: Load
) -> None:
    with pytest.raises(BadSubmission) as caught:
        denoising.check(InProcess(slip()), denoising_data.public)
    assert caught.value.reason == Reason.NOT_A_FUNCTION


# ---------------------------------------------------------------- how questions are asked


def test_scores_come_in_the_order_of_the_items_whatever_the_run_seed(
    denoising: Assignment, denoising_data: Data
) -> None:
    one, other = (scores(denoising, denoising_data, Identity, seed=seed) for seed in (1, 2))
    assert one["psnr"].shape == one["ssim"].shape == (256,)
    assert one["psnr"].dtype == np.float32
    assert np.array_equal(one["psnr"], other["psnr"])


def test_batches_vary_and_a_second_session_is_asked(denoising: Assignment, denoising_data: Data) -> None:
    student = FakeStudent(Identity)
    denoising.evaluate(student, denoising_data.heldout, np.random.default_rng(0))
    first, second = student.sessions
    assert sum(first.sizes) == 256 + 16
    assert sum(second.sizes) == 25
    assert len(set(first.sizes)) > 1
    assert max(first.sizes) <= 256
    assert student.told[-1] == (297, 297)


def test_items_come_in_random_order_and_again_only_later() -> None:
    order = sequence(1_000, np.random.default_rng(0))
    assert np.bincount(order).tolist().count(2) == 25
    assert set(order.tolist()) == set(range(1_000))
    assert not np.array_equal(order, sequence(1_000, np.random.default_rng(1)))


def test_batches_cover_the_order_once() -> None:
    order = np.arange(500)
    cut = list(batches(order, np.random.default_rng(0), sizes=(1, 8, 64)))
    assert np.array_equal(np.concatenate(cut), order)
    assert {len(batch) for batch in cut[:-1]} == {1, 8, 64}


def test_each_item_is_asked_about_once_and_told_of_when_it_is_done() -> None:
    student = FakeStudent(Identity)
    asked: list[int] = []
    for batch in each_once(student, 500, np.random.default_rng(0), before=100, total=700):
        assert student.told[-1:] == ([(100 + len(asked), 700)] if asked else [])
        asked += batch.tolist()
    assert sorted(asked) == list(range(500)) != asked
    assert student.told[-1] == (600, 700)


# ---------------------------------------------------------------- what a model says of itself


@dataclass
class Says:
    size: float

    def latent_size(self) -> Tensor:
        return torch.tensor([self.size])

    def given(self, z: Tensor) -> Tensor:
        return torch.full((len(z), 1), float(z.shape[1]))


@pytest.mark.parametrize("size", [1, 2.0, 256])
def test_a_latent_size_is_a_whole_number(size: float) -> None:
    assert latent_size(InProcess(Says(size))) == size


def test_a_model_is_given_as_many_numbers_as_it_asks_for() -> None:
    question = Question("given", answer=(1,), low=0, high=LARGEST_LATENT, latent=True)
    z = np.zeros((2, LARGEST_LATENT), np.float32)
    assert ask(InProcess(Says(3)), question, z).tolist() == [[3], [3]]


def test_any_other_latent_size_gets_one_text() -> None:
    texts = set()
    for size in (0, -3, 2.5, 256.5, 257, 10.0**12):
        with pytest.raises(BadSubmission, match="1 to 256") as caught:
            latent_size(InProcess(Says(size)))
        assert caught.value.reason is Reason.WRONG_SHAPE
        texts.add(str(caught.value))
    assert len(texts) == 1


# ---------------------------------------------------------------- what a model may offer


def test_what_a_model_does_not_offer_is_not_asked_and_what_it_offers_must_be_right() -> None:
    class Offers(Identity):
        def filters(self) -> Tensor:
            return torch.ones(2, 3)

    assert ask_if_offered(InProcess(Identity()), "filters", shape=(2, 3)) is None
    shown = ask_if_offered(InProcess(Offers()), "filters", shape=(2, 3))
    assert np.array_equal(np.ones((2, 3)), [] if shown is None else shown)
    with pytest.raises(BadSubmission, match=r"expected \(3, 3\)"):
        ask_if_offered(InProcess(Offers()), "filters", shape=(3, 3))
