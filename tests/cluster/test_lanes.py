"""GPUs and CPUs, two graders, notebooks: who gets what, and what waits for whom."""

import time

import pytest

from grader.spec import RunKind
from leaderboard.records import State
from tests.cluster import submissions
from tests.cluster.fleet import PATIENCE, Fleet
from tests.cluster.test_outages import ended

pytestmark = pytest.mark.thorough

NEEDED = "a GPU is needed, and no worker offers one"


def test_trainings_go_where_the_gpu_is_and_the_rest_beside_it(fleet: Fleet) -> None:
    fleet.worker(slots=1, sandbox="none")
    fleet.gpu_worker()
    fleet.wait_for("gpu", "is at work")
    trained = [fleet.hand_in(submissions.trained(0.2), f"team {n}", RunKind.TRAIN) for n in range(2)]
    asked = [fleet.hand_in(submissions.plain(3.0 + n), f"team {n}") for n in range(3)]
    assert "Graded 5." in fleet.graded("--device", "cuda")
    assert {fleet.graded_by(ref) for ref in trained} == {*fleet.names("gpu")}
    assert {fleet.graded_by(ref) for ref in asked} == {*fleet.names("worker")}


@pytest.mark.soak
def test_what_needs_a_gpu_waits_for_one_and_holds_nobody_up(fleet: Fleet) -> None:
    """Nobody has one; then one is quarantined; then it is mended, and spoilt again while it trains."""
    fleet.worker(sandbox="none")
    first = fleet.hand_in(submissions.trained(0.2), "Ada", RunKind.TRAIN)
    beside = fleet.hand_in(submissions.plain(), "Bob")
    fleet.mark.write_text("5020 MiB were still in use")
    fleet.gpu_worker()
    grader = fleet.grade("--watch", "--device", "cuda")
    fleet.wait_until(beside, State.SCORED)
    fleet.wait_for("gpu", "GPU 0 is quarantined")
    time.sleep(2.0)  # several looks at the queue
    assert fleet.state(first) is State.QUEUED
    assert fleet.log("grade").count(NEEDED) == 1
    fleet.mark.unlink()
    fleet.wait_until(first, State.SCORED)
    second = fleet.hand_in(submissions.trained(4.0), "Cyd", RunKind.TRAIN)
    fleet.wait_until(second, State.RUNNING)
    third = fleet.hand_in(submissions.trained(0.3), "Dan", RunKind.TRAIN)
    fleet.mark.write_text("5020 MiB were still in use")
    fleet.wait_until(second, State.SCORED)
    fleet.wait_for("gpu", "ended: its GPU is quarantined")
    fleet.wait_for("grade", NEEDED, count=2)
    fleet.mark.unlink()
    fleet.wait_until(third, State.SCORED)
    assert ended(grader) == 0, fleet.log("grade")
    assert [fleet.attempts(ref).count("grader error") for ref in (first, second, third)] == [0, 0, 0]
    assert fleet.attempts(second) == ["scored"]


def test_a_gpu_that_is_lost_on_the_way_costs_the_others_nothing(fleet: Fleet) -> None:
    fleet.worker(sandbox="none")
    machine = fleet.gpu_worker()
    fleet.wait_for("gpu", "is at work")
    training = fleet.hand_in(submissions.trained(30.0), "Ada", RunKind.TRAIN)
    grader = fleet.grade("--watch", "--device", "cuda")
    fleet.wait_until_told(training)
    machine.kill()
    fleet.wait_for("grade", NEEDED)
    beside = fleet.hand_in(submissions.plain(), "Bob")
    fleet.wait_until(beside, State.SCORED)
    fleet.wait_until(training, State.QUEUED)
    assert ended(grader) == 0, fleet.log("grade")
    assert fleet.attempts(training).count("grader error") <= 1
    assert fleet.attempts(beside) == ["scored"]


@pytest.mark.soak
def test_two_graders_at_one_scheduler_judge_each_submission_once(fleet: Fleet) -> None:
    """Each has parts to send that the workers lack, while the other's gradings are on them."""
    fleet.worker(slots=2, sandbox="none")
    refs = [fleet.hand_in(submissions.slow(0.3, 1.0 + n), f"team {n}") for n in range(10)]
    graders = [fleet.grade(name=name) for name in ("grade", "other")]
    assert [grader.wait(PATIENCE) for grader in graders] == [0, 0], fleet.log("grade") + fleet.log("other")
    assert [fleet.attempts(ref) for ref in refs] == [["scored"]] * len(refs)
    assert {fleet.graded_by(ref) for ref in refs} == {*fleet.names("worker")}
