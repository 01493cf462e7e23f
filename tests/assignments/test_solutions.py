"""What is shipped with every assignment: solutions score what is stated, tiers are reached, starters train.

The student here is a fake of our own protocol that calls the submission in this process: `heldout assignment
check` does the like in the sandbox, against the same sanity/shipped.toml.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from grader import catalogue, sanity
from grader.prepared import Data
from grader.report import Report
from tests.assignments.in_process import InProcess, submission

Judged = Callable[[str], Mapping[str, Report]]

# From the worst to the best, where 256 items tell them apart; `gan` has no items.
RISING = {
    "cnn": ("baselines/cnn/constant", "baselines/cnn/logistic", "reference_solutions/cnn/cnn"),
    "denoising": (
        "baselines/denoising/identity",
        "baselines/denoising/median",
        "baselines/denoising/gaussian",
        "baselines/denoising/pca",
        "baselines/denoising/wiener",
        "baselines/denoising/contractive",
        "baselines/denoising/stacked",
        "reference_solutions/denoising/fc_dae",
        "reference_solutions/denoising/tied_weights",
        "reference_solutions/denoising/unet",
        "reference_solutions/denoising/conv_dae",
    ),
    "mnist1d": ("baselines/mnist1d/logistic", "baselines/mnist1d/mlp", "reference_solutions/mnist1d/gru"),
    "rnn": (
        "baselines/rnn/unigram",
        "baselines/rnn/kneser_ney",
        "reference_solutions/rnn/elman",
        "reference_solutions/rnn/lstm",
        "reference_solutions/rnn/gru",
    ),
    "vae": (
        "baselines/vae/independent_bernoulli",
        "baselines/vae/linear_vae",
        "reference_solutions/vae/conv_vae",
    ),
}


@pytest.fixture(scope="module", params=catalogue.slugs())
def slug(request: pytest.FixtureRequest) -> str:
    """A fixture, so that tests are run by assignment: its solutions are judged once."""
    return str(request.param)


@pytest.mark.thorough
def test_each_solution_scores_what_is_stated_and_reaches_its_tier(slug: str, judged: Judged) -> None:
    assignment = catalogue.find(slug)
    stated = {case.name: case for case in sanity.shipped(assignment)}
    found = {
        name: [
            *sanity.complaints(stated[name].expected, report),
            *sanity.tier_complaints(stated[name], assignment, report),
        ]
        for name, report in judged(slug).items()
    }
    assert not any(found.values()), found


@pytest.mark.thorough
def test_the_order_of_the_solutions_is_no_luck(slug: str, judged: Judged) -> None:
    metric = catalogue.find(slug).metric
    for worse, better in pairwise(RISING.get(slug, ())):
        gain = judged(slug)[better].items[metric.name] - judged(slug)[worse].items[metric.name]
        gain = gain if metric.higher_is_better else -gain
        assert gain.mean() > 3 * gain.std() / np.sqrt(len(gain)), (worse, better)  # paired, item by item


def test_solutions_are_small(slug: str) -> None:
    files = [path for solution in catalogue.solutions(slug) for path in solution.folder.rglob("*")]
    assert all(file.stat().st_size < 1_000_000 for file in files)


# ---------------------------------------------------------------- what students start from


@dataclass(frozen=True)
class Starter:
    """What so many steps lead to: words that are printed, a score in the check, the check's pictures."""

    steps: int
    prints: str
    better_than: float
    pictures: tuple[str, ...] = ()


STARTERS = {  # the one of `gan`: test_gan.py
    "cnn": Starter(30, "on the 500 examples", 0.3, ("confusion", "surprises", "filters")),
    "denoising": Starter(20, "dB denoised", 6.0, ("examples",)),
    "mnist1d": Starter(100, "accuracy on the 500 examples", 0.2, ("confusion", "surprises")),
    "rnn": Starter(20, "bits a character of the 32 examples", np.log2(63)),  # knowing nothing
    "vae": Starter(50, "bound of the 32 examples", -784 * np.log(2), ("examples",)),  # knowing nothing
}


@pytest.mark.thorough
@pytest.mark.parametrize("slug", sorted({*catalogue.slugs()} - {"gan"}))
def test_the_starter_trains_and_its_model_passes_the_check(
    slug: str, small: Callable[[str], Data], tmp_path: Path
) -> None:
    assignment, public, expected = catalogue.find(slug), small(slug).public, STARTERS[slug]
    folder = Path(shutil.copytree(assignment.folder / "starter", tmp_path / slug))
    (folder / "data").mkdir()
    np.savez(folder / "data" / "public.npz", allow_pickle=False, **public)
    trained = subprocess.run(
        [sys.executable, "train.py", str(expected.steps)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert trained.returncode == 0, trained.stderr
    assert expected.prints in trained.stdout
    preview = assignment.check(InProcess(submission(folder)()), public)
    sign = 1 if assignment.metric.higher_is_better else -1
    assert sign * preview.scores[assignment.metric.name] > sign * expected.better_than
    assert tuple(picture.name for picture in preview.pictures) == expected.pictures
