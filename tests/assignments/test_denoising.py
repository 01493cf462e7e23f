"""The denoising assignment's known scores, tiers and public check, and the starter that students begin with.

The student here is a fake of our own protocol that calls the submission in this process;
tests/grader/test_cases.py does the like in the real sandbox.
"""

import subprocess
import sys
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
from tests.assignments.in_process import Identity, InProcess, scores, submission

# ---------------------------------------------------------------- known scores

# Mean PSNR in dB and SSIM on the 256 held-out items of course seed 1 (tests/conftest.py).
PINNED = {
    "baselines/denoising/identity": (9.30, 0.210),
    "baselines/denoising/median": (14.16, 0.373),
    "baselines/denoising/gaussian": (16.90, 0.492),
    "baselines/denoising/wiener": (18.23, 0.538),
    "reference_solutions/denoising/fc_dae": (19.58, 0.630),
    "reference_solutions/denoising/unet": (20.03, 0.689),
}


@pytest.fixture(scope="module")
def measured(denoising: Assignment, denoising_data: Data) -> dict[str, dict[str, Any]]:
    return {name: scores(denoising, denoising_data, submission(HOME / name)) for name in PINNED}


@pytest.mark.parametrize("name", PINNED)
def test_each_solution_scores_what_it_did(name: str, measured: dict[str, dict[str, Any]]) -> None:
    psnr, ssim = PINNED[name]
    assert measured[name]["psnr"].mean() == pytest.approx(psnr, abs=0.02)
    assert measured[name]["ssim"].mean() == pytest.approx(ssim, abs=0.002)


def test_every_shipped_solution_is_pinned() -> None:
    shipped = {str(solution.folder.relative_to(HOME)) for solution in catalogue.solutions("denoising")}
    assert shipped == set(PINNED)


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ("baselines/denoising/identity", "baselines/denoising/median"),
        ("baselines/denoising/median", "baselines/denoising/gaussian"),
        ("baselines/denoising/gaussian", "baselines/denoising/wiener"),
        ("baselines/denoising/wiener", "reference_solutions/denoising/fc_dae"),
        ("reference_solutions/denoising/fc_dae", "reference_solutions/denoising/unet"),
    ],
)
def test_the_order_of_the_solutions_is_no_luck(
    worse: str, better: str, measured: dict[str, dict[str, Any]]
) -> None:
    gain = measured[better]["psnr"] - measured[worse]["psnr"]
    assert gain.mean() > 3 * gain.std() / np.sqrt(len(gain))  # paired, item by item


def test_each_exemplar_reaches_its_tier(denoising: Assignment, measured: dict[str, dict[str, Any]]) -> None:
    for tier in denoising.tiers:
        values = measured[tier.exemplar]["psnr"]
        allowance = 3 * values.std() / np.sqrt(len(values))  # 256 other items than the 10,000 it was set on
        assert values.mean() > tier.score - allowance


def test_tiers_rise(denoising: Assignment) -> None:
    levels = [tier.score for tier in denoising.tiers]
    assert levels == sorted(set(levels))


def test_weights_are_small() -> None:
    files = [file for solution in catalogue.solutions("denoising") for file in solution.folder.iterdir()]
    assert all(file.stat().st_size < 1_000_000 for file in files if file.is_file())


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


# ---------------------------------------------------------------- what students start from


def test_the_starter_trains_and_its_model_passes_the_check(
    denoising: Assignment, denoising_data: Data, tmp_path: Path
) -> None:
    for name in ("model.py", "train.py"):
        (tmp_path / name).write_text((denoising.folder / "starter" / name).read_text())
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data" / "public.npz", allow_pickle=False, **denoising_data.public)
    command = [sys.executable, "train.py", "20"]
    trained = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert trained.returncode == 0, trained.stderr
    assert "dB denoised" in trained.stdout
    preview = denoising.check(InProcess(submission(tmp_path)()), denoising_data.public)
    assert preview.scores["psnr"] > 6  # after 20 steps


def test_every_assignment_folder_has_the_same_files() -> None:
    slugs = catalogue.slugs()
    assert "denoising" in slugs
    for slug in slugs:
        folder = HOME / "assignments" / slug
        assert [name for name in catalogue.FILES if not (folder / name).is_file()] == []
