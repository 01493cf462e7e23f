"""From an assignment's scores to a report's two boards: of items, of sets, our own faults; what is dealt."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader.archive import pack
from grader.errors import Reason
from grader.grade import grade
from grader.prepared import Data
from grader.report import Report, Verdict
from grader.sandbox import Sandbox
from grader.spec import (
    MB,
    Array,
    Arrays,
    Assignment,
    Budget,
    Estimate,
    Metric,
    Preview,
    RunKind,
    Scores,
    Session,
    Student,
)

NAN = float("nan")
PSNR, KID = Metric("psnr", unit="dB", higher_is_better=True), Metric("kid", unit="", higher_is_better=False)
ONE, OTHER = Estimate(0.25, 0.5), Estimate(0.75, 0.125)
COARSE = Estimate(0.0, 0.5)  # what the public board tells of ONE: whole half-widths


@pytest.fixture
def data() -> Data:
    return Data({}, {"public": np.array([True, False])}, "0" * 64)


MODEL = "def load(folder, device):\n    return object()\n"


def graded(assignment: Assignment, scores: Scores, data: Data, sandbox: Sandbox, folder: Path) -> Report:
    (folder / "model.py").write_text(MODEL)
    answering = replace(
        assignment,
        metrics=(KID, PSNR) if scores.items else (KID,),
        check=lambda session, public: Preview({}),
        evaluate=lambda student, heldout, rng: scores,
    )
    archive = pack(folder, limit=MB)
    return grade(answering, archive.data, data, sandbox=sandbox, run_seed=7)


def test_figures_of_a_set_stand_on_their_boards_beside_means_of_items(
    denoising: Assignment, data: Data, sandbox: Sandbox, tmp_path: Path
) -> None:
    items = {"psnr": np.array([10, 20], np.float32)}
    scores = Scores(items, public={"kid": ONE}, private={"kid": OTHER})
    report = graded(denoising, scores, data, sandbox, tmp_path)
    assert report.verdict is Verdict.SCORED, report.log
    assert report.public == {"psnr": Estimate(10.0, 0.0), "kid": COARSE}
    assert report.private == {"psnr": Estimate(20.0, 0.0), "kid": OTHER}
    assert list(report.items) == ["psnr"]


def test_an_assignment_may_have_no_items_at_all(
    denoising: Assignment, data: Data, sandbox: Sandbox, tmp_path: Path
) -> None:
    report = graded(denoising, Scores(public={"kid": ONE}, private={"kid": OTHER}), data, sandbox, tmp_path)
    assert (report.public, report.private, report.items) == ({"kid": COARSE}, {"kid": OTHER}, {})


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        (Scores(public={"kid": ONE}), "missing ['kid']"),
        (Scores({"psnr": np.ones(2, np.float32)}), "missing ['kid']"),
        (Scores(public={"kid": ONE}, private={"kid": Estimate(NAN, 0)}), "not finite ['kid']"),
        (Scores(public={"kid": ONE}, private={"kid": Estimate(0, -1)}), "not finite ['kid']"),
        (
            Scores({name: np.ones(2, np.float32) for name in ("kid", "psnr")}, {"kid": ONE}, {"kid": ONE}),
            "twice ['kid']",
        ),
    ],
    ids=["on one board only", "nowhere", "not finite", "a negative half-width", "as items too"],
)
def test_scores_that_lack_something_are_our_fault(
    scores: Scores, says: str, denoising: Assignment, data: Data, sandbox: Sandbox, tmp_path: Path
) -> None:
    report = graded(denoising, scores, data, sandbox, tmp_path)
    assert report.verdict is Verdict.GRADER_ERROR
    assert says in report.log


TRAIN = """
import time

def train(data, out, budget, device, seed):
    budget.step(0.5)
    time.sleep(1.5)
    budget.step(0.25)
    while {forever}:
        pass
    (out / "weights.txt").write_text("1")
"""


def trained(
    assignment: Assignment, data: Data, sandbox: Sandbox, folder: Path, *, forever: bool, seconds: float
) -> Report:
    (folder / "model.py").write_text(MODEL)
    (folder / "train.py").write_text(TRAIN.replace("{forever}", str(forever)))
    settled = replace(
        assignment,
        metrics=(KID,),
        check=lambda session, public: Preview({}),
        evaluate=lambda student, heldout, rng: Scores(public={"kid": ONE}, private={"kid": OTHER}),
        budget=Budget(cpu_seconds=seconds),
    )
    archive = pack(folder, limit=MB, code_only=True).data
    return grade(settled, archive, data, sandbox=sandbox, run_seed=7, run_kind=RunKind.TRAIN)


def test_what_a_training_used_is_told_apart(
    denoising: Assignment, data: Data, sandbox: Sandbox, tmp_path: Path
) -> None:
    report = trained(denoising, data, sandbox, tmp_path, forever=False, seconds=60.0)
    assert report.verdict is Verdict.SCORED, report.failure or report.log
    assert report.training is not None
    assert (report.training.steps, report.training.cut) == (2, False)
    assert report.training.curve[-1] == (2, 0.25)
    assert report.training.wall_seconds >= 1.5
    assert report.training.peak_bytes > 0
    assert report.resources.wall_seconds > 0
    assert report.resources.killed == ""


def test_a_training_that_failed_tells_what_it_used(
    denoising: Assignment, data: Data, sandbox: Sandbox, tmp_path: Path
) -> None:
    report = trained(denoising, data, sandbox, tmp_path, forever=True, seconds=3.0)
    assert report.failure is not None
    assert report.failure.reason is Reason.NOTHING_SAVED
    assert report.training is not None
    assert (report.training.steps, report.training.cpu_seconds) == (2, 3.0)
    assert (report.resources.wall_seconds, report.resources.killed) == (0.0, "processor time")


def test_an_error_on_public_examples_points_to_the_check(
    denoising: Assignment, data: Data, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "model.py").write_text("def load(folder, device):\n    raise KeyError('weights')\n")
    report = grade(denoising, pack(tmp_path, limit=MB).data, data, sandbox=sandbox, run_seed=7)
    assert report.failure is not None
    assert report.failure.message.splitlines()[-1].startswith("next: mend it; `heldout check` tries it")


# ---------------------------------------------------------------- what a train run is dealt

KEEPS = """
import numpy as np

def train(data, out, budget, device, seed):
    assert set(data) == {"number", "example"}
    np.save(out / "number.npy", data["number"].numpy())
"""
TELLS = """
import numpy as np
import torch

class Model:
    def __init__(self, folder):
        kept = folder / "number.npy"
        self.number = torch.from_numpy(np.load(kept)) if kept.exists() else torch.zeros(1)

    def tell(self, x):
        return self.number.float()

def load(folder, device):
    return Model(folder)
"""


def draw_a_number(public: Arrays, heldout: Arrays, rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    drawn = rng.integers(1, 1_000, size=1)
    return {**public, "number": drawn}, {**heldout, "number": drawn}


Tell = Callable[[int, RunKind], tuple[int, int, int]]


@pytest.fixture
def tell(denoising: Assignment, sandbox: Sandbox, tmp_path: Path) -> Tell:
    """Grades by a run seed; what training, public check and evaluate were given."""
    (tmp_path / "model.py").write_text(TELLS)
    (tmp_path / "train.py").write_text(KEEPS)
    given: list[Array] = []

    def check(session: Session, public: Arrays) -> Preview:
        given[:] = [session.ask("tell", np.zeros(1), shape=(1,)), public["number"]]
        return Preview({})

    def evaluate(student: Student, heldout: Arrays, rng: np.random.Generator) -> Scores:
        given.append(heldout["number"])
        return Scores(public={"kid": ONE}, private={"kid": OTHER})

    assignment = replace(denoising, metrics=(KID,), check=check, evaluate=evaluate, deal=draw_a_number)
    public = {"number": np.array([0]), "example": np.array([0.5])}
    data = Data(public, {"public": np.array([True, False]), "number": np.array([0])}, "0" * 64)

    def graded(run_seed: int, kind: RunKind) -> tuple[int, int, int]:
        code_only = kind is RunKind.TRAIN
        archive = pack(tmp_path, limit=MB, code_only=code_only).data
        report = grade(assignment, archive, data, sandbox=sandbox, run_seed=run_seed, run_kind=kind)
        assert report.verdict is Verdict.SCORED, report
        trained, previewed, evaluated = (int(array[0]) for array in given)
        return trained, previewed, evaluated

    return graded


def test_the_run_seed_deals_what_is_trained_on_and_what_evaluate_gets(tell: Tell) -> None:
    trained, previewed, evaluated = tell(7, RunKind.TRAIN)
    assert trained == evaluated != 0
    assert previewed == 0  # pictures and tracebacks come from public examples
    assert tell(7, RunKind.TRAIN) == (trained, previewed, evaluated)
    assert tell(8, RunKind.TRAIN)[0] != trained


def test_nothing_is_dealt_to_whoever_brings_weights(tell: Tell) -> None:
    assert tell(7, RunKind.EVALUATE) == (0, 0, 0)
