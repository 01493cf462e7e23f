"""The CNN assignment's public check, how held-out items are asked, and what a look-up finds.

The student here is a fake of our own protocol that calls the submission in this process; the cheats in
assignments/cnn/sanity are graded in the real sandbox.
"""

import runpy
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from grader import catalogue
from grader.catalogue import HOME
from grader.errors import BadSubmission, Reason
from grader.prepared import Data, draw
from grader.spec import Assignment
from tests.assignments.in_process import FakeStudent, InProcess, Load, scores, submission


@pytest.fixture(scope="module")
def cnn() -> Assignment:
    return catalogue.find("cnn")


@pytest.fixture(scope="module")
def data(small: Callable[[str], Data]) -> Data:
    return small("cnn")


# ---------------------------------------------------------------- the public check


class Zeros:
    def classify(self, images: Tensor) -> Tensor:
        return torch.zeros(len(images), 10)


def test_the_check_shows_scores_a_confusion_matrix_and_surprises(cnn: Assignment, data: Data) -> None:
    session = InProcess(submission(HOME / "reference_solutions/cnn/cnn")())
    preview = cnn.check(session, data.public)
    confusion, surprises, filters = preview.pictures
    assert session.sizes == [1, 500]
    assert preview.scores["accuracy"] > 0.8
    assert preview.scores["calibration error"] < 0.1
    assert confusion.pixels.shape == (1, 1, 80, 80)
    shown = np.diag(confusion.pixels[0, 0]).mean()  # classes are balanced; of a tie the matrix has one
    assert shown == pytest.approx(preview.scores["accuracy"], abs=0.002)
    assert surprises.pixels.shape == (1, 8, 28, 28)
    assert set(cnn.captions) == {shown.name for shown in preview.pictures}
    assert filters.pixels.shape == (2, 8, 28, 28)
    for picture in preview.pictures:
        assert 0 <= picture.pixels.min() <= picture.pixels.max() <= 1


def test_surprises_are_the_examples_that_a_model_gets_most_wrong(cnn: Assignment, data: Data) -> None:
    labels = torch.from_numpy(data.public["example_labels"])

    class KnowsAllButTwo(Zeros):
        def classify(self, images: Tensor) -> Tensor:
            logits = 9.0 * torch.nn.functional.one_hot(labels[: len(images)], 10)
            logits[7:9] = -logits[7:9]
            return logits

    surprises = cnn.check(InProcess(KnowsAllButTwo()), data.public).pictures[1]
    assert np.array_equal(surprises.pixels[0, :2], data.public["examples"][7:9, 0])


def test_filters_are_shown_where_a_model_offers_them_and_missed_nowhere(cnn: Assignment, data: Data) -> None:
    class Shows(Zeros):
        def filters(self) -> Tensor:
            ramp = torch.linspace(-3, 1, 28).expand(16, 28, 28).clone()
            ramp[15] = 0
            return ramp

    without = cnn.check(InProcess(Zeros()), data.public).pictures
    assert [picture.name for picture in without] == ["confusion", "surprises"]
    filters = cnn.check(InProcess(Shows()), data.public).pictures[2].pixels
    assert filters[0, 0, 0, 0] == 0  # −3, the largest: black
    assert filters[0, 0, 0, -1] == pytest.approx(0.5 + 1 / 6)
    assert (filters[1, 7] == 0.5).all()


def test_filters_of_a_wrong_shape_are_told(cnn: Assignment, data: Data) -> None:
    class Raw(Zeros):
        def filters(self) -> Tensor:
            return torch.zeros(24, 1, 3, 3)

    with pytest.raises(BadSubmission, match=r"filters returned \(24, 1, 3, 3\)") as caught:
        cnn.check(InProcess(Raw()), data.public)
    assert caught.value.reason is Reason.WRONG_SHAPE


# ---------------------------------------------------------------- how held-out items are asked


def test_perturbed_images_go_to_a_copy_that_never_saw_the_images(cnn: Assignment, data: Data) -> None:
    asked: list[set[bytes]] = []

    class Witness(Zeros):
        def __init__(self) -> None:
            asked.append(set())

        def classify(self, images: Tensor) -> Tensor:
            asked[-1] |= {image.numpy().tobytes() for image in images}
            return super().classify(images)

    student = FakeStudent(Witness)
    cnn.evaluate(student, data.heldout, np.random.default_rng(0))
    first, second, third = asked
    assert third == {image.tobytes() for image in data.heldout["nudged"]}
    assert first == {image.tobytes() for image in data.heldout["images"]}
    assert second < first
    assert not third & first
    done, totals = zip(*student.told, strict=True)
    assert list(done) == sorted(set(done))  # it never jumps back
    assert set(totals) == {done[-1]} == {256 + 16 + 25 + 256}


def test_boundless_logits_cost_no_more_than_the_clamp(cnn: Assignment, data: Data) -> None:
    class Sure(Zeros):
        def classify(self, images: Tensor) -> Tensor:
            logits = torch.zeros(len(images), 10)
            logits[:, 0] = 3e38
            logits[:, 1:] = -3e38
            return logits

    assert scores(cnn, data, Sure)["nll"].max() == pytest.approx(60, abs=0.01)


# ---------------------------------------------------------------- look-ups


def built(case: str, data: Data, folder: Path) -> Load:
    """A case of the sanity suite with the files that its build.py makes."""
    source = HOME / "assignments/cnn/sanity" / case
    shutil.copy(source / "model.py", folder)
    runpy.run_path(str(source / "build.py"))["build"](folder, data.public)
    return submission(folder)


@pytest.fixture(scope="module")
def unrendered(cnn: Assignment, data: Data) -> Data:
    """What the grader would ask if it took the published images as they are: the mistake to be avoided."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("heldout_assignment_cnn.data.render", lambda images, rng: images)
        prepared = draw(cnn, 1, size=256)
    return Data(data.public, prepared.heldout, data.sha256)


def test_a_table_knows_every_published_image_and_no_rendered_one(
    cnn: Assignment, data: Data, unrendered: Data, tmp_path: Path
) -> None:
    table = built("look_up_table", data, tmp_path)
    assert cnn.check(InProcess(table()), data.public).scores["accuracy"] == 1
    assert scores(cnn, data, table)["accuracy"] == pytest.approx(0.1)
    assert scores(cnn, unrendered, table)["accuracy"].mean() == 1


def test_a_perturbation_shows_a_table_where_a_table_knows_the_images(
    cnn: Assignment, data: Data, unrendered: Data, tmp_path: Path
) -> None:
    model = submission(HOME / "reference_solutions/cnn/cnn")
    table = built("look_up_table", data, tmp_path)
    assert scores(cnn, unrendered, table)["stability"].mean() < 0.2
    assert scores(cnn, unrendered, model)["stability"].mean() > 0.85
