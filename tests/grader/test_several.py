"""Several trainings of one submission: the mean counts, each is told, and all can be repeated."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.archive import pack
from grader.grade import grade, turns
from grader.prepared import Data
from grader.report import Report, Verdict
from grader.sandbox import Sandbox
from grader.spec import MB, Arrays, Assignment, Budget, Metric, Preview, RunKind, Scores, Student, as_they_are
from grader.turn import LONGEST_CURVE, Curve

PSNR = Metric("psnr", unit="dB", higher_is_better=True)

SEEDED = """
import torch

def train(data, out, budget, device, seed):
    torch.manual_seed(seed)
    (out / "luck.txt").write_text(repr(torch.rand(2).tolist()))
"""
LOADS_LUCK = """
import ast

import torch

def load(folder, device):
    luck = torch.tensor(ast.literal_eval((folder / "luck.txt").read_text()))
    class Model:
        def draw(self, n):
            return luck
    return Model()
"""


def drawn(student: Student, heldout: Arrays, rng: np.random.Generator) -> Scores:
    """Each held-out item's score is a number that the training drew."""
    with student.session("draw") as session:
        return Scores({"psnr": session.ask("draw", np.array(2), shape=(2,))})


@pytest.fixture
def lottery(denoising: Assignment) -> Assignment:
    return replace(
        denoising,
        metrics=(PSNR,),
        check=lambda session, public: Preview({}),
        evaluate=drawn,
        deal=as_they_are,
        budget=Budget(cpu_seconds=30, trainings=3),
    )


def trained(assignment: Assignment, sandbox: Sandbox, folder: Path, **how: Any) -> Report:
    (folder / "model.py").write_text(LOADS_LUCK)
    (folder / "train.py").write_text(how.pop("code", SEEDED))
    data = Data({"x": np.zeros(3, np.float32)}, {"public": np.array([True, False])}, "0" * 64)
    archive = pack(folder, limit=MB).data
    return grade(assignment, archive, data, sandbox=sandbox, run_kind=RunKind.TRAIN, **how)


@pytest.mark.thorough
def test_of_several_trainings_the_mean_counts_and_each_is_told(
    lottery: Assignment, sandbox: Sandbox, tmp_path: Path
) -> None:
    report = trained(lottery, sandbox, tmp_path, run_seed=7)
    assert report.verdict is Verdict.SCORED, report.log
    assert report.training is not None
    every = [report.training, *report.further]
    assert len({one.seed for one in every}) == len({one.checkpoint_sha256 for one in every}) == 3
    means = np.mean([[one.public or 0.0, one.private or 0.0] for one in every], axis=0)
    assert report.items["psnr"] == pytest.approx(means)
    assert (report.public["psnr"].value, report.private["psnr"].value) == pytest.approx(tuple(means))
    single = trained(replace(lottery, budget=Budget(cpu_seconds=30)), sandbox, tmp_path, run_seed=7)
    assert single.training is not None
    assert (single.further, single.training.public) == ((), None)
    assert single.training.seed == every[0].seed, "the first seed does not depend on how many follow"


@pytest.mark.thorough
def test_repeated_by_the_same_seeds_the_same_comes_out(
    lottery: Assignment, sandbox: Sandbox, tmp_path: Path
) -> None:
    first = trained(lottery, sandbox, tmp_path, run_seed=7)
    assert first.training is not None
    again = trained(lottery, sandbox, tmp_path, run_seed=7, repeats=[first.training, *first.further])
    assert again.items["psnr"].tobytes() == first.items["psnr"].tobytes()
    other = trained(lottery, sandbox, tmp_path, run_seed=8)
    assert other.items["psnr"].tobytes() != first.items["psnr"].tobytes()


def test_the_training_that_fails_is_named(lottery: Assignment, sandbox: Sandbox, tmp_path: Path) -> None:
    seeds = [turn.seed for turn in turns(lottery.budget, run_seed=7)]
    code = SEEDED + f"    if seed == {seeds[1]}: raise ValueError('unlucky')\n"
    report = trained(lottery, sandbox, tmp_path, run_seed=7, code=code)
    assert report.failure is not None
    assert f"training 2 of 3, by the seed {seeds[1]}" in report.failure.message
    assert "unlucky" in report.failure.message


def test_a_curve_of_any_length_is_drawn_by_so_many_points() -> None:
    curve = Curve()
    for step in range(50_000):
        curve.add(step, math.nan if step % 2 else 1.0)
    steps = [step for step, _ in curve.points]
    assert LONGEST_CURVE / 2 <= len(steps) <= LONGEST_CURVE
    assert len(set(np.diff(steps))) == 1, "evenly"
    assert steps[0] == 0
    assert steps[-1] > 49_000
