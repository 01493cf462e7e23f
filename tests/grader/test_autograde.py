"""The queue's consumer against a small ledger of our own protocol: nothing lost, nothing graded twice."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from grader import autograde
from grader.autograde import Autograder
from grader.errors import HeldoutError
from grader.report import Job, Report, Verdict


@dataclass
class FakeLedger:
    queue: list[int]
    reports: dict[int, Report] = field(default_factory=dict)
    renewals: int = 0
    refreshed: set[int] = field(default_factory=set)  # judgings whose boards are in order
    released: list[int] = field(default_factory=list)
    signs: list[tuple[str, int]] = field(default_factory=list)  # of life
    faults: list[HeldoutError] = field(default_factory=list)  # raised by the next calls of record

    def sweep(self) -> int:
        return 0

    def claim(self, holder: str, lease_seconds: float) -> Job | None:
        if not self.queue:
            return None
        return Job(self.queue.pop(0), "team", "toy", "0" * 64, 1, holder, datetime.now(UTC))

    def renew(self, job: Job) -> bool:
        self.renewals += 1
        return True

    def release(self, job: Job) -> bool:
        self.released.append(job.ref)
        return True

    def refresh_all(self) -> None:
        self.refreshed = set(self.reports)

    def seen(self, holder: str, slots: int) -> None:
        self.signs.append((holder, slots))

    def record(self, job: Job, report: Report) -> bool:
        if self.faults:
            raise self.faults.pop()
        assert job.ref not in self.reports
        self.reports[job.ref] = report
        return True


def test_every_job_is_recorded_once() -> None:
    ledger = FakeLedger(list(range(20)))
    with ThreadPoolExecutor(3) as threads:
        Autograder(ledger, threads, lambda job: Report(Verdict.SCORED, run_seed=job.ref), slots=3).run()
    assert {ref: report.run_seed for ref, report in ledger.reports.items()} == {ref: ref for ref in range(20)}


def test_a_job_that_breaks_is_the_graders_error() -> None:
    def broken(job: Job) -> Report:
        raise OSError("the disk is gone")

    ledger = FakeLedger([1])
    with ThreadPoolExecutor(1) as threads:
        Autograder(ledger, threads, broken).run()
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
        Autograder(ledger, threads, slow).run()
    assert ledger.renewals >= 3


def test_a_grader_gives_signs_of_life_with_and_without_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autograde, "HEARTBEAT", 0.05)
    monkeypatch.setattr(autograde, "POLL", 0.05)
    ledger = FakeLedger([1])
    with ThreadPoolExecutor(1) as threads:
        grader = Autograder(ledger, threads, lambda job: Report(Verdict.SCORED, run_seed=0), slots=3)
        grader.run(watch=True, until=lambda: len(ledger.signs) >= 3)
    assert set(ledger.signs) == {(grader.holder, 3)}


def test_stopping_brings_running_jobs_to_their_end() -> None:
    ledger = FakeLedger([1, 2, 3])
    with ThreadPoolExecutor(1) as threads:
        grader = Autograder(ledger, threads, lambda job: Report(Verdict.SCORED, run_seed=0))
        grader.run(watch=True, until=lambda: len(ledger.reports) >= 1)
    assert list(ledger.reports) == [1]
    assert ledger.queue == [2, 3]


def test_watching_a_ledger_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autograde, "PAUSE", 0.01)
    ledger = FakeLedger([1], faults=[HeldoutError("locked"), HeldoutError("locked")])
    with ThreadPoolExecutor(1) as threads:
        grader = Autograder(ledger, threads, lambda job: Report(Verdict.SCORED, run_seed=5))
        grader.run(watch=True, until=lambda: bool(ledger.reports))
    assert ledger.reports[1].run_seed == 5


def test_whatever_ends_it_early_gives_the_jobs_back() -> None:
    ledger = FakeLedger([1], faults=[HeldoutError("the disk is full")])
    with ThreadPoolExecutor(1) as threads, pytest.raises(HeldoutError):
        Autograder(ledger, threads, lambda job: Report(Verdict.SCORED, run_seed=0)).run()
    assert ledger.released == [1]
