"""The GAN assignment's scores, data, gates and public check, and the starter that students begin with.

The student here is a fake of our own protocol that calls the submission in this process; the sanity suite
does the like in the real sandbox.
"""

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from grader import catalogue
from grader.catalogue import HOME
from grader.errors import BadSubmission, Reason
from grader.prepared import Data, draw
from grader.report import Report
from grader.scoring.copies import CopySearch
from grader.spec import Array, Assignment, Estimate, Scores
from tests.assignments.in_process import FakeStudent, InProcess, Load, judge, submission


@pytest.fixture(scope="module")
def gan() -> Assignment:
    return catalogue.find("gan")


@pytest.fixture(scope="module")
def data(small: Callable[[str], Data]) -> Data:
    return small("gan")


def evaluated(gan: Assignment, data: Data, load: Load) -> Scores:
    return gan.evaluate(FakeStudent(load), data.heldout, np.random.default_rng(0))


@pytest.fixture(scope="module")
def measured(judged: Callable[[str], Mapping[str, Report]]) -> Mapping[str, Report]:
    return judged("gan")


# ---------------------------------------------------------------- known scores


@pytest.mark.thorough
def test_no_shipped_solution_copies(measured: Mapping[str, Report]) -> None:
    assert {report.public["copied"].value for report in measured.values()} == {0.0}


@pytest.mark.thorough
@pytest.mark.parametrize("board", ["public", "private"])
def test_both_boards_have_every_metric_and_agree_on_who_is_far_ahead(
    board: str, gan: Assignment, measured: Mapping[str, Report]
) -> None:
    boards: dict[str, dict[str, Estimate]] = {
        name: dict(getattr(scores, board)) for name, scores in measured.items()
    }
    for estimates in boards.values():
        assert set(estimates) == {metric.name for metric in gan.metrics}
        assert not any(scores.items for scores in measured.values())
    best, worst = (
        boards["reference_solutions/gan/dcgan_r1"]["kid"],
        boards["baselines/gan/pca_gaussian"]["kid"],
    )
    assert best.value + best.half_width < worst.value - worst.half_width


@pytest.mark.thorough
def test_the_order_of_the_tiers_exemplars_is_no_luck(gan: Assignment, measured: Mapping[str, Report]) -> None:
    found = [measured[tier.exemplar].public["kid"] for tier in gan.tiers]
    apart = [one.value - other.value for one, other in pairwise(found)]
    assert min(apart) > 0
    assert apart[0] > found[0].half_width + found[1].half_width


@pytest.mark.thorough
def test_a_run_seed_changes_nothing_but_the_order(
    gan: Assignment, data: Data, measured: Mapping[str, Report]
) -> None:
    name = "baselines/gan/pca_gaussian"
    again = judge(gan, data, submission(HOME / name), seed=1)
    assert (again.public, again.private) == (measured[name].public, measured[name].private)


# ---------------------------------------------------------------- data


def test_what_is_held_out_is_not_handed_out(data: Data) -> None:
    heldout, public = data.heldout, data.public
    assert heldout["real"].shape == (70_000, 28, 28)
    assert public["images"].shape == (50_000, 28, 28)
    assert public["labels"].shape == (50_000,)
    assert heldout["z"].shape == (256, 256)
    assert heldout["seen_public"].shape == heldout["seen_private"].shape == (5_000, 64)
    assert heldout["public"].sum() == 5_000
    assert not np.array_equal(heldout["z"], public["z"])
    assert np.abs(np.corrcoef(heldout["z"][:, 0], public["z"][:, 0])[0, 1]) < 0.2


@pytest.mark.thorough
def test_the_seed_decides_z_and_the_private_extractor(gan: Assignment, data: Data) -> None:
    other = draw(gan, 2, size=64)
    assert not np.array_equal(other.heldout["z"], data.heldout["z"][:64])
    assert not np.array_equal(other.heldout["extractor 0.weight"], data.heldout["extractor 0.weight"])
    assert not np.array_equal(other.public["images"], data.public["images"])


def test_a_train_run_is_dealt_half_of_what_was_handed_out(gan: Assignment, data: Data) -> None:
    one, same, other = (
        gan.deal(data.public, data.heldout, np.random.default_rng(run_seed)) for run_seed in (1, 1, 2)
    )
    for dealt, heldout in (one, other):
        images = {image.tobytes() for image in dealt["images"]}
        told = heldout["real"][heldout["handed_out"]]
        assert len(dealt["images"]) == len(dealt["labels"]) == len(told) == 25_000
        assert images == {image.tobytes() for image in told}
        assert images < {image.tobytes() for image in data.public["images"]}
        assert heldout["z"] is data.heldout["z"]
    assert np.array_equal(one[0]["images"], same[0]["images"])
    assert not np.array_equal(one[0]["images"], other[0]["images"])
    assert 12_000 < (one[1]["handed_out"] & other[1]["handed_out"]).sum() < 13_000  # half of a half


def test_dealt_labels_are_their_images(gan: Assignment, data: Data) -> None:
    dealt, _ = gan.deal(data.public, data.heldout, np.random.default_rng(1))
    images, labels = (data.public[name] for name in ("images", "labels"))
    known = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    assert [known[image.tobytes()] for image in dealt["images"]] == dealt["labels"].tolist()


# ---------------------------------------------------------------- gates


@dataclass
class Table:
    """Images out of a table: z's first number, turned uniform, names one."""

    images: Array  # (N, 28, 28) uint8

    def latent_size(self) -> int:
        return 1

    def generate(self, z: Tensor) -> Tensor:
        place = torch.special.ndtr(z[:, 0].double()) * len(self.images)
        return torch.from_numpy(self.images[place.long().numpy()]).unsqueeze(1) / 255


def reason(gan: Assignment, data: Data, load: Load) -> BadSubmission:
    with pytest.raises(BadSubmission) as caught:
        evaluated(gan, data, load)
    return caught.value


@pytest.mark.thorough
@pytest.mark.parametrize("handed_out", [True, False], ids=["handed out", "not handed out"])
def test_copies_of_any_published_image_are_found(
    gan: Assignment, data: Data, handed_out: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what was not handed out the search alone finds them: none of those is familiar."""
    monkeypatch.setattr("heldout_assignment_gan.evaluate.ALIKE", 0.0)  # its repeats tell a table first
    table = data.heldout["real"][data.heldout["handed_out"] == handed_out]
    error = reason(gan, data, lambda: Table(table))
    assert error.reason is Reason.COPIED
    assert "are copies of published ones" in error.what


def test_how_far_published_images_lie_apart_is_shipped(gan: Assignment, data: Data) -> None:
    real = data.heldout["real"]
    some = np.random.default_rng(0).choice(len(real), 30, replace=False)
    _, distance = CopySearch(real).nearest(real[some], themselves=some)
    shipped = np.load(gan.folder / "spacing.npy")
    assert shipped.shape == (2, len(real))
    assert shipped[:, some] == pytest.approx(distance, abs=1e-3)


def test_a_few_images_over_and_over_are_refused(gan: Assignment, data: Data) -> None:
    error = reason(gan, data, lambda: Table(data.heldout["real"][:100]))
    assert error.reason is Reason.COLLAPSED
    assert "same image" in error.what


@pytest.mark.thorough
@pytest.mark.parametrize("noise", [0.6, 8])
def test_a_table_is_found_by_its_repeats_whatever_it_holds(noise: float, gan: Assignment, data: Data) -> None:
    """Pictures that no search could know: of another generator. And no two answers are equal."""
    model = submission(HOME / "reference_solutions/gan/dcgan_r1")()
    z = torch.randn(1_000, model.latent_size(), generator=torch.Generator().manual_seed(0))
    table = (model.generate(z)[:, 0] * 255).round().byte().numpy()

    class Noisy(Table):
        def latent_size(self) -> int:
            return 256

        def generate(self, z: Tensor) -> Tensor:
            grey = 2 * torch.special.ndtr(z[:, 60:].view(-1, 1, 14, 14)) - 1
            return torch.add(super().generate(z), grey.repeat(1, 1, 2, 2), alpha=noise / 255)

    error = reason(gan, data, lambda: Noisy(table))
    assert error.reason is Reason.COLLAPSED
    assert "nearly the same" in error.what
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("heldout_assignment_gan.evaluate.ALIKE", 0.0)
        evaluated(gan, data, lambda: Noisy(table))  # nothing else finds it


def test_the_texts_of_the_gates_carry_nothing_of_the_images(gan: Assignment, data: Data) -> None:
    texts = {str(reason(gan, data, partial(Table, data.heldout["real"][:n]))) for n in (20, 90)}
    assert len(texts) == 1


# ---------------------------------------------------------------- the public check, the starter


def test_the_check_shows_samples_and_walks(gan: Assignment, data: Data) -> None:
    session = InProcess(submission(HOME / "baselines/gan/class_pca_gaussian")())
    preview = gan.check(session, data.public)
    samples, walk = preview.pictures
    assert samples.pixels.shape == (4, 8, 28, 28)
    assert set(gan.captions) == {shown.name for shown in preview.pictures}
    assert walk.pixels.shape == (2, 8, 28, 28)
    for picture in preview.pictures:
        assert len(picture.rows) == len(picture.pixels)
        assert 0 <= picture.pixels.min() <= picture.pixels.max() <= 1
    assert np.allclose(walk.pixels[:, 0], samples.pixels[0, [0, 2]], atol=1 / 255)
    assert preview.scores["kid"] == pytest.approx(0.9, abs=0.2)


@pytest.mark.thorough
def test_the_starter_trains_and_its_model_passes_the_check(
    gan: Assignment, data: Data, tmp_path: Path
) -> None:
    for name in ("model.py", "train.py"):
        (tmp_path / name).write_text((gan.folder / "starter" / name).read_text())
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data" / "public.npz", allow_pickle=False, images=data.public["images"][:2_000])
    command = [sys.executable, "train.py", "100"]
    trained = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert trained.returncode == 0, trained.stderr
    assert "weights.safetensors" in trained.stdout
    preview = gan.check(InProcess(submission(tmp_path)()), data.public)
    assert preview.scores["kid"] < 30  # after 100 steps; after 50 they are all alike
