"""Whole submissions through a scheduler and workers, over tls://, in the real sandbox."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from grader import catalogue, prepared
from grader.course import Config, Settings, init, open_course
from grader.notebook.release import generate
from grader.notebook.source import NAME
from grader.report import CellState
from grader.spec import RunKind
from leaderboard.records import State
from leaderboard.store import Store
from tests.cluster import submissions
from tests.cluster.conftest import Make
from tests.cluster.fleet import HOME, PATIENCE, Fleet, children, environment, free_port, kill, wait

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def tls(make_fleet: Make) -> Iterator[Fleet]:
    found = make_fleet(tls=True)
    found.scheduler()
    found.worker(slots=2)
    yield found
    found.stop()


def compare(fleet: Fleet, refs: Sequence[int]) -> None:
    """Grade them by the cluster, and in a copy of the course by this machine alone."""
    alone = fleet.folder / "alone"
    shutil.copytree(fleet.course.folder, alone)
    assert f"Graded {len(refs)}." in fleet.graded()
    words = [sys.executable, "-m", "cli", "grade", "--course", str(alone)]
    subprocess.run(words, check=True, env=environment(fleet.folder), cwd=HOME, timeout=PATIENCE)
    here = Fleet(open_course(alone), fleet.folder, fleet.address)
    with fleet.store() as far, here.store() as near:
        for ref in refs:
            assert far.submission(ref).state is near.submission(ref).state
            assert scores(far, ref) == scores(near, ref)


def scores(store: Store, ref: int) -> dict[str, object]:
    judging = store.submission(ref).judging
    assert judging is not None
    found = {"public": judging.public, "private": judging.private, "cells": judging.cells}
    return {**found, "data": judging.data_sha256}


def test_the_scores_are_those_of_one_machine(tls: Fleet) -> None:
    handed_in = [
        tls.hand_in(submissions.plain(3.0), "Ada"),
        tls.hand_in(submissions.broken(), "Bob"),
        tls.hand_in(submissions.trained(0.5), "Cyd", RunKind.TRAIN),
    ]
    compare(tls, handed_in)
    assert [tls.state(ref) for ref in handed_in] == [State.SCORED, State.FAILED, State.SCORED]


@pytest.mark.soak
def test_a_notebook_has_the_points_of_one_machine(tmp_path: Path) -> None:
    """Of one exercise that is solved, beside the data, and of many that aren't: their tests say why not."""
    slug = "denoising"
    course = init(tmp_path / "course", Config(assignments={slug: Settings(items=64)}))
    prepared.prepare(course, course.settle(catalogue.find(slug)))
    Store.create(course.database).close()
    fleet = Fleet(course, tmp_path, f"tcp://127.0.0.1:{free_port()}")
    source = catalogue.HOME / "assignments" / slug / NAME
    raw, solved = json.loads(generate(source)), json.loads(source.read_bytes())
    [theirs], [ours] = (
        [
            cell
            for cell in book["cells"]
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == "add-noise"
        ]
        for book in (raw, solved)
    )
    theirs["source"] = 'np.load("data/public.npz")\n' + "".join(ours["source"])
    ref = fleet.hand_in(json.dumps(raw).encode(), "Ada", RunKind.NOTEBOOK, slug)
    try:
        fleet.scheduler()
        fleet.worker()
        compare(fleet, [ref])
        with fleet.store() as store:
            judging = store.submission(ref).judging
        assert judging is not None
        states = {cell.result.id: cell.result.state for cell in judging.cells}
        assert (states["test_add_noise"], states["test_psnr"]) == (CellState.PASSED, CellState.FAILED)
        assert fleet.graded_by(ref) in fleet.names("worker")
    finally:
        fleet.stop()


def test_data_travel_once_and_are_nobody_elses(tls: Fleet) -> None:
    tls.hand_in(submissions.plain(4.0), "Ada")
    tls.graded()
    cache = tls.folder / "cache-worker"
    first = {path.name: path.stat().st_ino for path in cache.iterdir()}
    for number in range(4):
        tls.hand_in(submissions.plain(5.0 + number), f"team {number}")
    tls.graded()
    assert {path.name: path.stat().st_ino for path in cache.iterdir()} == first
    assert len(first) == 3
    assert cache.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in cache.iterdir()} == {0o600}


def test_a_judging_names_its_worker(tls: Fleet) -> None:
    ref = tls.hand_in(submissions.plain(20.0), "Ada")
    tls.graded()
    assert tls.graded_by(ref) in tls.names("worker")


def test_students_code_sees_neither_scheduler_nor_certificates(tls: Fleet) -> None:
    port = int(tls.address.rpartition(":")[2])
    curious = submissions.curious(port, str(tls.certificates))
    ref = tls.hand_in(curious, "Eve")
    tls.graded()
    with tls.store() as store:
        judging = store.submission(ref).judging
    assert judging is not None
    assert "FOUND []" in judging.log


def test_who_looks_without_a_sandbox_finds_them(fleet: Fleet) -> None:
    """The same submission, where nothing stops it: so it does look."""
    port = int(fleet.address.rpartition(":")[2])
    fleet.worker(sandbox="none")
    ref = fleet.hand_in(submissions.curious(port, "cache-worker", str(fleet.folder / "cache-worker")), "Eve")
    fleet.graded()
    with fleet.store() as store:
        judging = store.submission(ref).judging
    assert judging is not None
    assert "the scheduler's port" in judging.log
    assert "process" in judging.log


def test_a_worker_that_is_killed_while_it_trains_costs_an_attempt_and_nothing_else(tls: Fleet) -> None:
    ref = tls.hand_in(submissions.trained(6.0), "Ada", RunKind.TRAIN)
    beside = tls.hand_in(submissions.plain(30.0), "Bob")
    process = tls.grade("--watch")
    tls.wait_until(ref, State.RUNNING)
    tls.wait_until(beside, State.SCORED)
    victims = [pid for pid in children(tls.processes["worker"]) if trains(pid)]
    while not victims:
        victims = [pid for pid in children(tls.processes["worker"]) if trains(pid)]
    kill(victims[0])
    tls.wait_until(ref, State.SCORED)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    with tls.store() as store:
        assert store.submission(ref).attempts == 2
        assert store.submission(beside).attempts == 1
    shown = subprocess.run(
        [sys.executable, "-m", "cli", "show", str(ref), "--course", str(tls.course.folder)],
        env=environment(tls.folder), capture_output=True, text=True, cwd=HOME, check=True,
    ).stdout  # fmt: skip
    assert "scored" in shown


def tells(fleet: Fleet, ref: int) -> bool:
    """Whether its worker has begun, and said so."""
    with fleet.store() as store:
        return store.submission(ref).progress is not None


def trains(pid: int) -> bool:
    """Whether a worker's process has a sandbox of its own that has run for a moment."""
    try:
        found = subprocess.run(
            ["pgrep", "-P", str(pid), "-f", "bwrap|launch"], capture_output=True, text=True
        )
    except OSError:
        return False
    return len(found.stdout.split()) > 1


def test_a_worker_that_is_told_to_stop_finishes_what_it_has_begun(tls: Fleet) -> None:
    extra = tls.worker("extra")
    tls.processes["worker"].send_signal(signal.SIGTERM)
    tls.processes["worker"].wait(PATIENCE)
    ref = tls.hand_in(submissions.slow(5.0), "Ada")
    process = tls.grade()
    wait(lambda: tells(tls, ref))
    extra.send_signal(signal.SIGTERM)
    assert extra.wait(PATIENCE) == 0
    tls.wait_until(ref, State.SCORED)
    process.terminate()
    process.wait(PATIENCE)
    with tls.store() as store:
        assert store.submission(ref).attempts == 1
    assert not list(Path("/proc").glob(f"{extra.pid}/task"))
