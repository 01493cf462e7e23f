"""The queue's consumer against a small ledger of our own protocol: nothing lost, nothing graded twice."""

import time
from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from grader import autograde
from grader.autograde import Autograder, Lane, local_lane
from grader.errors import HeldoutError
from grader.outline import RunKind
from grader.report import Job, Report, Verdict


def kind_of(ref: int) -> RunKind:
    return RunKind.TRAIN if ref % 2 else RunKind.EVALUATE


def scored(job: Job) -> Report:
    return Report(Verdict.SCORED, run_seed=0)


@dataclass
class FakeLedger:
    queue: list[int]  # odd ones are trainings
    reports: dict[int, Report] = field(default_factory=dict)
    renewals: int = 0
    refreshed: set[int] = field(default_factory=set)  # judgings whose boards are in order
    released: list[int] = field(default_factory=list)
    signs: list[tuple[str, int]] = field(default_factory=list)  # of life
    ended: list[str] = field(default_factory=list)  # holders
    draining: bool = False
    faults: list[HeldoutError] = field(default_factory=list)  # raised by the next calls of record

    def sweep(self) -> int:
        return 0

    def claim(
        self, holder: str, lease_seconds: float, kinds: Collection[RunKind] = tuple(RunKind)
    ) -> Job | None:
        ref = next((ref for ref in self.queue if kind_of(ref) in kinds), None)
        if ref is None:
            return None
        self.queue.remove(ref)
        return Job(ref, "team", "toy", "0" * 64, 1, holder, datetime.now(UTC), kind_of(ref))

    def renew(self, job: Job) -> bool:
        self.renewals += 1
        return True

    def release(self, job: Job) -> bool:
        self.released.append(job.ref)
        return True

    def refresh_all(self) -> None:
        self.refreshed = set(self.reports)

    def seen(self, holder: str, lanes: Mapping[str, int]) -> bool:
        self.signs.append((holder, sum(lanes.values())))
        return not self.draining

    def left(self, holder: str) -> None:
        self.ended.append(holder)

    def record(self, job: Job, report: Report) -> bool:
        if self.faults:
            raise self.faults.pop()
        assert job.ref not in self.reports
        self.reports[job.ref] = report
        return True


def test_every_job_is_recorded_once() -> None:
    ledger = FakeLedger(list(range(20)))
    with ThreadPoolExecutor(3) as threads:
        Autograder(
            ledger, [local_lane(threads, lambda job: Report(Verdict.SCORED, run_seed=job.ref), 3)]
        ).run()
    assert {ref: report.run_seed for ref, report in ledger.reports.items()} == {ref: ref for ref in range(20)}


def test_a_job_that_breaks_is_the_graders_error() -> None:
    def broken(job: Job) -> Report:
        raise OSError("the disk is gone")

    ledger = FakeLedger([1])
    with ThreadPoolExecutor(1) as threads:
        Autograder(ledger, [local_lane(threads, broken)]).run()
    assert ledger.reports[1].verdict is Verdict.GRADER_ERROR
    assert "the disk is gone" in ledger.reports[1].log


def test_leases_are_renewed_while_a_job_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autograde, "HEARTBEAT", 0.05)
    monkeypatch.setattr(autograde, "POLL", 0.05)

    def slow(job: Job) -> Report:
        time.sleep(0.4)
        return Report(Verdict.SCORED, run_seed=0)

    ledger = FakeLedger([1])
    with ThreadPoolExecutor(1) as threads:
        Autograder(ledger, [local_lane(threads, slow)]).run()
    assert ledger.renewals >= 3


def test_a_grader_gives_signs_of_life_with_and_without_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autograde, "HEARTBEAT", 0.05)
    monkeypatch.setattr(autograde, "POLL", 0.05)
    ledger = FakeLedger([1])
    with ThreadPoolExecutor(1) as threads:
        grader = Autograder(ledger, [local_lane(threads, scored, 3)])
        grader.run(watch=True, until=lambda: len(ledger.signs) >= 3)
    assert set(ledger.signs) == {(grader.holder, 3)}
    assert ledger.ended == [grader.holder], "who has gone home is not waited for"


def test_stopping_brings_running_jobs_to_their_end() -> None:
    ledger = FakeLedger([1, 2, 3])
    with ThreadPoolExecutor(1) as threads:
        grader = Autograder(ledger, [local_lane(threads, scored)])
        grader.run(watch=True, until=lambda: len(ledger.reports) >= 1)
    assert list(ledger.reports) == [1]
    assert ledger.queue == [2, 3]


def test_watching_a_ledger_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autograde, "PAUSE", 0.01)
    ledger = FakeLedger([1], faults=[HeldoutError("locked"), HeldoutError("locked")])
    with ThreadPoolExecutor(1) as threads:
        grader = Autograder(ledger, [local_lane(threads, lambda job: Report(Verdict.SCORED, run_seed=5))])
        grader.run(watch=True, until=lambda: bool(ledger.reports))
    assert ledger.reports[1].run_seed == 5


def test_whatever_ends_it_early_gives_the_jobs_back() -> None:
    ledger = FakeLedger([1], faults=[HeldoutError("the disk is full")])
    with ThreadPoolExecutor(1) as threads, pytest.raises(HeldoutError):
        Autograder(ledger, [local_lane(threads, scored)]).run()
    assert ledger.released == [1]


def test_each_lane_takes_its_kinds_and_no_more_than_it_has_room_for() -> None:
    """Trainings where the GPU is, the rest beside it; what no lane takes stays in the queue."""
    taken: dict[str, list[int]] = {"gpu": [], "cpu": []}
    at_once = {"gpu": 0, "cpu": 0}

    def lane(name: str, kinds: set[RunKind], slots: int) -> Lane:
        working: set[int] = set()

        def work(job: Job) -> Report:
            working.add(job.ref)
            at_once[name] = max(at_once[name], len(working))
            taken[name].append(job.ref)
            time.sleep(0.02)
            working.remove(job.ref)
            return scored(job)

        return Lane(name, lambda job: threads.submit(work, job), lambda: slots, frozenset(kinds))

    ledger = FakeLedger(list(range(12)))
    with ThreadPoolExecutor(8) as threads:
        Autograder(ledger, [lane("gpu", {RunKind.TRAIN}, 1), lane("cpu", {RunKind.EVALUATE}, 3)]).run()
        assert {name: sorted(refs) for name, refs in taken.items()} == {
            "gpu": [1, 3, 5, 7, 9, 11],
            "cpu": [0, 2, 4, 6, 8, 10],
        }
        assert at_once["gpu"] == 1
        assert at_once["cpu"] <= 3
        ledger.queue = [13, 14]
        Autograder(ledger, [lane("cpu", {RunKind.EVALUATE}, 3)]).run()
    assert ledger.queue == [13]


def test_what_was_cancelled_is_given_back_at_no_cost() -> None:
    """The scheduler of a cluster has gone with it: nobody's fault, and nothing was found."""
    futures: list[Future[Report]] = []

    def submit(job: Job) -> Future[Report]:
        futures.append(Future())
        if len(futures) == 1:
            futures[0].cancel()
            futures[0].set_running_or_notify_cancel()
        else:
            futures[-1].set_result(scored(job))
        return futures[-1]

    ledger = FakeLedger([2, 4])
    Autograder(ledger, [Lane("cluster", submit, lambda: 1)]).run()
    assert ledger.released == [2]
    assert list(ledger.reports) == [4]


def test_one_that_is_asked_to_stop_ends_what_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autograde, "HEARTBEAT", 0.0)
    ledger = FakeLedger([2, 4, 6])

    def work(job: Job) -> Report:
        ledger.draining = True
        time.sleep(0.1)
        return scored(job)

    with ThreadPoolExecutor(1) as threads:
        grader = Autograder(ledger, [local_lane(threads, work)])
        grader.run(watch=True)
    assert list(ledger.reports) == [2]
    assert ledger.ended == [grader.holder]
