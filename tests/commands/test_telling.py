"""From a grading to the ledger: the latest, at a pace of its own, whatever the ledger does."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from commands import telling
from commands.telling import Telling
from grader.errors import Unavailable
from grader.report import Job


@dataclass
class FakeLedger:
    told: list[tuple[int, str, int]] = field(default_factory=list)
    faults: int = 0  # of the next calls
    seconds: float = 0.0  # that a call takes

    def tell(self, job: Job, phase: str, done: int, total: int, tail: str = "") -> bool:
        time.sleep(self.seconds)
        if self.faults:
            self.faults -= 1
            raise Unavailable("locked")
        self.told.append((job.ref, phase, done))
        return True


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> FakeLedger:
    monkeypatch.setattr(telling, "PACE", 0.1)
    return FakeLedger()


@pytest.fixture
def started(ledger: FakeLedger) -> Iterator[Telling]:
    one = Telling(ledger)
    one.start()
    yield one
    one.stop()


def job(ref: int) -> Job:
    return Job(ref, "Ada", "toy", "0" * 64, 1, "grader", datetime(2026, 1, 1, tzinfo=UTC))


def wait_for(ledger: FakeLedger, last: tuple[int, str, int]) -> None:
    deadline = time.monotonic() + 20
    while last not in ledger.told:
        assert time.monotonic() < deadline, ledger.told
        time.sleep(0.02)


def test_of_each_job_the_latest_is_told(ledger: FakeLedger, started: Telling) -> None:
    watches = [started.of(job(ref)) for ref in (1, 2)]
    for done in range(1000):
        for watch in watches:
            watch("training", done, 1000, "")
    for ref in (1, 2):
        wait_for(ledger, (ref, "training", 999))
    assert len(ledger.told) <= 2 * 5


def test_a_ledger_that_does_not_answer_breaks_nothing(ledger: FakeLedger, started: Telling) -> None:
    ledger.faults = 3
    started.of(job(1))("held-out items", 0, 0, "")
    wait_for(ledger, (1, "held-out items", 0))
    assert len(ledger.told) == 1


def test_a_ledger_that_is_slow_holds_no_grading_up(ledger: FakeLedger, started: Telling) -> None:
    ledger.seconds = 3.0
    watch = started.of(job(1))
    watch("training", 0, 9, "")
    time.sleep(0.2)  # it is being told
    begin = time.monotonic()
    watch("training", 9, 9, "")
    assert time.monotonic() - begin < 1.5
    wait_for(ledger, (1, "training", 9))
