"""What a student may see while a submission is graded: all that is public, and nothing after that."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from grader import student as students
from grader.archive import pack
from grader.grade import grade
from grader.prepared import Data
from grader.report import Report, Verdict
from grader.sandbox import Sandbox
from grader.spec import MB, Assignment, RunKind
from grader.student import HELDOUT

Heard = list[tuple[str, int, int, str]]
MODEL = """
print("loading \\x1b[31m")

class Model:
    def denoise(self, noisy):
        print("answering", len(noisy))
        return noisy

def load(folder, device):
    return Model()
"""
TRAIN = """
import time

def train(data, out, budget, device, seed):
    for step in range(5):
        print("step", step, flush=True)
        time.sleep(0.6)
        budget.step(0.5)
    (out / "weights.txt").write_text("1")
"""


@pytest.fixture
def watched(
    denoising: Assignment, denoising_data: Data, sandbox: Sandbox, tmp_path: Path
) -> Callable[..., tuple[Report, Heard, Heard]]:
    """What the student heard of a grading, and what who grades did."""

    def watch(model: str = MODEL, run_kind: RunKind = RunKind.EVALUATE) -> tuple[Report, Heard, Heard]:
        (tmp_path / "model.py").write_text(model)
        (tmp_path / "train.py").write_text(TRAIN)
        heard: Heard = []
        operator: Heard = []
        report = grade(
            denoising,
            pack(tmp_path, limit=MB).data,
            denoising_data,
            sandbox=sandbox,
            run_seed=7,
            run_kind=run_kind,
            progress=lambda phase, done, total: operator.append((phase, done, total, "")),
            watch=lambda *told: heard.append(told),
        )
        return report, heard, operator

    return watch


def test_once_held_out_items_are_inside_nothing_is_told(
    watched: Callable[..., tuple[Report, Heard, Heard]],
) -> None:
    report, heard, operator = watched()
    assert report.verdict is Verdict.SCORED, report.log
    assert [told[:3] for told in heard] == [("public check", 0, 0), (HELDOUT, 0, 0)]
    assert heard[-1][3] == report.log
    assert report.log.startswith("loading \\x1b[31m\nanswering")
    assert len([phase for phase, done, *_ in operator if phase == HELDOUT and done]) > 1  # who grades sees it


def test_a_submission_that_fails_among_held_out_items_is_told_no_later(
    watched: Callable[..., tuple[Report, Heard, Heard]],
) -> None:
    slow = MODEL.replace("return noisy", "return noisy if len(noisy) < 64 else 1 / 0")
    report, heard, _ = watched(slow)
    assert report.verdict is Verdict.FAILED
    assert [told[0] for told in heard] == ["public check", HELDOUT]


def test_a_training_tells_what_it_counts_and_prints(
    watched: Callable[..., tuple[Report, Heard, Heard]],
) -> None:
    report, heard, _ = watched(run_kind=RunKind.TRAIN)
    assert report.verdict is Verdict.SCORED, report.log
    *training, check, heldout = [told[0] for told in heard]
    assert (check, heldout) == ("public check", HELDOUT)
    assert 1 <= len(training) <= 5
    for phase in training:
        assert re.fullmatch(r"training, step \d+, loss [\d.]+; CPU-seconds", phase)
    assert "step 0" in heard[0][3]
    assert "step 4" not in heard[0][3]  # as it goes, not afterwards
    assert "step 4" in heard[-2][3]


def test_nobody_is_told_more_than_once_a_second(denoising: Assignment, sandbox: Sandbox) -> None:
    class Endless:
        log = "x" * 10_000

    heard: Heard = []
    told = students.SandboxedStudent(
        sandbox, b"", replace(denoising.limits), watch=lambda *told: heard.append(told)
    )
    begin = time.monotonic()
    while time.monotonic() < begin + 1.2:
        told.tell("training", 1, 2, Endless())  # type: ignore[arg-type]
    assert heard == [("training", 1, 2, "x" * 4096)] * 2
