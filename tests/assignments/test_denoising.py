"""The denoising assignment's public check, and the demo's students in it.

The student here is a fake of our own protocol that calls the submission in this process; the cases in
assignments/denoising/sanity are graded in the real sandbox.
"""

import pytest
import torch
from torch import Tensor

from grader.catalogue import HOME
from grader.errors import BadSubmission, Reason
from grader.prepared import Data
from grader.spec import Assignment
from tests.assignments.in_process import Identity, InProcess, submission

# ---------------------------------------------------------------- the public check


def test_the_check_shows_scores_and_eight_examples(denoising: Assignment, denoising_data: Data) -> None:
    session = InProcess(Identity())
    preview = denoising.check(session, denoising_data.public)
    [picture] = preview.pictures
    assert preview.scores["psnr"] == pytest.approx(9.3, abs=0.6)
    assert set(denoising.captions) == {shown.name for shown in preview.pictures}
    assert picture.rows == ("noisy", "denoised", "clean")
    assert picture.pixels.shape == (3, 8, 28, 28)
    assert 0 <= picture.pixels.min() <= picture.pixels.max() <= 1
    assert session.sizes == [1, 32]


def test_a_hard_wired_batch_size_is_found(denoising: Assignment, denoising_data: Data) -> None:
    class HardWired:
        def denoise(self, noisy: Tensor) -> Tensor:
            return torch.zeros(32, 1, 28, 28)

    with pytest.raises(BadSubmission, match=r"expected \(1, 1, 28, 28\)"):
        denoising.check(InProcess(HardWired()), denoising_data.public)


def test_the_broken_student_of_the_demo_fails_by_shape(denoising: Assignment, denoising_data: Data) -> None:
    model = submission(HOME / "demo/students/broken")()
    with pytest.raises(BadSubmission, match=r"\(1, 784\)") as caught:
        denoising.check(InProcess(model), denoising_data.public)
    assert caught.value.reason == Reason.WRONG_SHAPE


def test_the_slow_student_of_the_demo_denoises(denoising_data: Data) -> None:
    noisy = torch.from_numpy(denoising_data.public["noisy"][:1])
    clean = torch.from_numpy(denoising_data.public["clean"][:1])
    denoised = submission(HOME / "demo/students/slow")().denoise(noisy)
    assert (denoised - clean).square().mean() < (noisy.clamp(0, 1) - clean).square().mean()
