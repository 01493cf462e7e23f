"""Nothing lost: machines, schedulers, networks and databases go away, and each submission is judged once."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from grader.spec import RunKind
from leaderboard.records import State
from tests.cluster import submissions
from tests.cluster.conftest import Make
from tests.cluster.fleet import PATIENCE, Fleet, Process, children, wait
from tests.leaderboard.conftest import Server

pytestmark = pytest.mark.thorough

HOST, THERE, SPACE = "10.77.0.1", "10.77.0.2", "heldout-test"


def ended(process: Process) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(PATIENCE)


def test_a_scheduler_that_is_killed_costs_nobody_an_attempt(fleet: Fleet) -> None:
    fleet.worker(sandbox="none")
    ref = fleet.hand_in(submissions.trained(4.0), "Ada", RunKind.TRAIN)
    grader = fleet.grade("--watch")
    fleet.wait_until(ref, State.RUNNING)
    time.sleep(1.0)
    fleet.processes["scheduler"].kill()
    fleet.processes["scheduler"].wait()
    fleet.wait_until(ref, State.QUEUED)
    fleet.wait_for("grade", "doesn't answer")
    fleet.scheduler()
    fleet.wait_until(ref, State.SCORED)
    assert ended(grader) == 0, fleet.log("grade")
    assert "answers again" in fleet.log("grade")
    *lost, last = fleet.attempts(ref)
    assert lost
    assert ({*lost}, last) == ({"lost"}, "scored")


def test_who_does_not_watch_is_told_that_the_scheduler_is_gone(fleet: Fleet) -> None:
    fleet.worker(sandbox="none")
    ref = fleet.hand_in(submissions.slow(60.0), "Ada")
    grader = fleet.grade()
    fleet.wait_until(ref, State.RUNNING)
    fleet.processes["scheduler"].kill()
    assert grader.wait(PATIENCE) == 1
    assert "doesn't answer" in fleet.log("grade")
    assert "Traceback" not in fleet.log("grade")
    assert fleet.state(ref) is State.QUEUED


def test_a_job_that_always_kills_its_worker_is_parked_and_harms_no_neighbour(fleet: Fleet) -> None:
    fleet.worker(slots=2, sandbox="none")
    killer = fleet.hand_in(submissions.killer(), "Eve")
    others = [fleet.hand_in(submissions.plain(1.0 + number), f"team {number}") for number in range(3)]
    grader = fleet.grade("--watch")
    fleet.wait_until(killer, State.GRADER_ERROR)
    for ref in others:
        fleet.wait_until(ref, State.SCORED)
    assert ended(grader) == 0, fleet.log("grade")
    assert fleet.attempts(killer) == ["grader error"] * 3
    assert [fleet.attempts(ref) for ref in others] == [["scored"]] * 3
    assert fleet.log("grade").count(f"died while it graded #{killer}") == 3


def test_a_database_that_restarts_loses_nothing(make_fleet: Make, postgresql: Server) -> None:
    fleet = make_fleet(database=postgresql(migrated=True))
    fleet.scheduler()
    fleet.worker(sandbox="none")
    refs = [fleet.hand_in(submissions.slow(2.0, 1.0 + number), f"team {number}") for number in range(2)]
    grader = fleet.grade("--watch")
    fleet.wait_until(refs[0], State.RUNNING)
    postgresql.stop(signal.SIGQUIT)
    time.sleep(2.0)
    postgresql.start()
    for ref in refs:
        fleet.wait_until(ref, State.SCORED)
    assert ended(grader) == 0, fleet.log("grade")
    assert [fleet.attempts(ref)[-1] for ref in refs] == ["scored", "scored"]
    assert all(fleet.attempts(ref).count("scored") == 1 for ref in refs)
    fleet.stop()


# ---------------------------------------------------------------- a network that is cut


def ip(*words: str) -> None:
    ran = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if ran.returncode:
        pytest.skip(f"ip {' '.join(words)}: {ran.stderr.strip()}")


@contextmanager
def space() -> Iterator[None]:
    """A network namespace with a line to this one. Skips where none can be made."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("only root makes network namespaces, and with `ip`")
    subprocess.run(["ip", "netns", "del", SPACE], capture_output=True, check=False)
    ip("netns", "add", SPACE)
    try:
        ip("link", "add", "heldout-a", "type", "veth", "peer", "name", "heldout-b")
        ip("link", "set", "heldout-b", "netns", SPACE)
        ip("addr", "add", f"{HOST}/30", "dev", "heldout-a")
        ip("link", "set", "heldout-a", "up")
        ip("-n", SPACE, "addr", "add", f"{THERE}/30", "dev", "heldout-b")
        ip("-n", SPACE, "link", "set", "heldout-b", "up")
        ip("-n", SPACE, "link", "set", "lo", "up")
        yield
    finally:
        subprocess.run(["ip", "netns", "del", SPACE], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", "heldout-a"], capture_output=True, check=False)


@pytest.mark.soak
def test_a_worker_that_was_cut_off_comes_back_with_a_result_that_nobody_wants(make_fleet: Make) -> None:
    with space():
        fleet = make_fleet(tls=True, host=HOST)
        fleet.scheduler()
        fleet.worker("far", wrap=["ip", "netns", "exec", SPACE], sandbox="cold")
        ref = fleet.hand_in(submissions.slow(25.0), "Ada")
        grader = fleet.grade("--watch")
        fleet.wait_until(ref, State.RUNNING)
        [first] = children(fleet.processes["far"])
        time.sleep(3.0)
        ip("link", "set", "heldout-a", "down")
        wait(lambda: bool(fleet.attempts(ref)), lambda: fleet.log("grade"))
        assert os.path.isdir(f"/proc/{first}"), "it had ended by itself: nothing came back"
        ip("link", "set", "heldout-a", "up")
        fleet.worker("near", sandbox="cold")
        fleet.wait_until(ref, State.SCORED)
        fleet.wait_for("far", "is at work", count=2)
        assert ended(grader) == 0, fleet.log("grade")
        assert fleet.attempts(ref) == ["grader error", "scored"]
        cut_off = fleet.log("far").partition("The worker ")[2].split()[0]
        with fleet.store() as store:
            judging = store.submission(ref).judging
        assert judging is not None
        assert judging.resources.layers[-1] != f"worker {cut_off}"
        fleet.stop()
