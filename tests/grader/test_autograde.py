"""The queue's consumer against a small ledger of our own protocol: nothing lost, nothing graded twice."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from grader import autograde
from grader.autograde import Autograder, Lane, Lost, local_lane
from grader.errors import HeldoutError, Unavailable
from grader.outline import RunKind
from grader.report import EVERYTHING, Choice, Job, Report, Verdict


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
    given_back: list[str] = field(default_factory=list)  # why

    def sweep(self) -> int:
        return 0

    def of(self, choice: Choice) -> list[int]:
        return [ref for ref in self.queue if (("toy", kind_of(ref)) in choice.named) != choice.others]

    def waits(self, choice: Choice) -> bool:
        return bool(self.of(choice))

    def claim(self, holder: str, lease_seconds: float, choice: Choice = EVERYTHING) -> Job | None:
        ref = next(iter(self.of(choice)), None)
        if ref is None:
            return None
        self.queue.remove(ref)
        return Job(ref, "team", "toy", "0" * 64, 1, holder, datetime.now(UTC), kind_of(ref))

    def renew(self, job: Job) -> bool:
        self.renewals += 1
        return True

    def release(self, job: Job, why: str = "was stopped") -> bool:
        self.released.append(job.ref)
        self.given_back.append(why)
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
    ledger = FakeLedger([1], faults=[Unavailable("locked"), Unavailable("locked")])
    with ThreadPoolExecutor(1) as threads:
        grader = Autograder(ledger, [local_lane(threads, lambda job: Report(Verdict.SCORED, run_seed=5))])
        grader.run(watch=True, until=lambda: bool(ledger.reports))
    assert ledger.reports[1].run_seed == 5


def test_whatever_ends_it_early_gives_the_jobs_back() -> None:
    ledger = FakeLedger([1], faults=[Unavailable("the disk is full")])
    with ThreadPoolExecutor(1) as threads, pytest.raises(HeldoutError):
        Autograder(ledger, [local_lane(threads, scored)]).run()
    assert ledger.released == [1]


TRAININGS = frozenset({("toy", RunKind.TRAIN)})
GPU, CPU = Choice(TRAININGS, others=False), Choice(TRAININGS)


def at_once(job: Job) -> Future[Report]:
    future: Future[Report] = Future()
    future.set_result(scored(job))
    return future


def absent() -> HeldoutError:
    return HeldoutError("no worker offers a GPU")


def test_each_lane_takes_its_choice_and_no_more_than_it_has_room_for() -> None:
    """Trainings where the GPU is, the rest beside it."""
    taken: dict[str, list[int]] = {"gpu": [], "cpu": []}
    together = {"gpu": 0, "cpu": 0}

    def lane(name: str, choice: Choice, slots: int) -> Lane:
        working: set[int] = set()

        def work(job: Job) -> Report:
            working.add(job.ref)
            together[name] = max(together[name], len(working))
            taken[name].append(job.ref)
            time.sleep(0.02)
            working.remove(job.ref)
            return scored(job)

        return Lane(name, lambda job: threads.submit(work, job), lambda: slots, choice)

    ledger = FakeLedger(list(range(12)))
    with ThreadPoolExecutor(8) as threads:
        Autograder(ledger, [lane("gpu", GPU, 1), lane("cpu", CPU, 3)]).run()
    assert {name: sorted(refs) for name, refs in taken.items()} == {
        "gpu": [1, 3, 5, 7, 9, 11],
        "cpu": [0, 2, 4, 6, 8, 10],
    }
    assert together["gpu"] == 1
    assert together["cpu"] <= 3


def test_what_nobody_is_there_for_is_refused_before_anything_is_claimed() -> None:
    lanes = [Lane("cpu", at_once, lambda: 2, CPU), Lane("gpu", at_once, lambda: 0, GPU, absent)]
    ledger = FakeLedger([2, 3])
    with pytest.raises(HeldoutError, match="no worker offers a GPU"):
        Autograder(ledger, lanes).run()
    assert (ledger.queue, ledger.reports) == ([2, 3], {})
    ledger = FakeLedger([2, 4])
    Autograder(ledger, lanes).run()
    assert list(ledger.reports) == [2, 4], "where nothing waits for it nothing is missing"


def test_who_goes_meanwhile_holds_up_nobody_else_and_is_told_in_the_end() -> None:
    """The only GPU is lost while it works: its job is given back, the others are brought to their end."""
    there = [1]

    def lost(job: Job) -> Future[Report]:
        there.clear()
        future: Future[Report] = Future()
        future.set_exception(Lost("its worker went"))
        ledger.queue.append(job.ref)
        return future

    ledger = FakeLedger([3, 2, 4, 6])
    lanes = [Lane("gpu", lost, lambda: len(there), GPU, absent), Lane("cpu", at_once, lambda: 1, CPU)]
    with pytest.raises(HeldoutError, match="no worker offers a GPU"):
        Autograder(ledger, lanes).run()
    assert list(ledger.reports) == [2, 4, 6]
    assert (ledger.queue, ledger.given_back) == ([3], ["gave it back: its worker went"])


def test_watching_what_nobody_is_there_for_waits_and_that_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(autograde, "POLL", 0.001)
    looks: list[int] = []
    there = {"gpu": 0}

    def slots() -> int:
        looks.append(1)
        return there["gpu"]

    def said() -> int:
        return caplog.text.count("no worker offers a GPU")

    def until(done: Callable[[], bool]) -> None:
        looks.clear()
        grader.run(watch=True, until=lambda: done() and len(looks) > 20)

    ledger = FakeLedger([2, 3])
    lanes = [Lane("gpu", at_once, slots, GPU, absent), Lane("cpu", at_once, lambda: 1, CPU)]
    grader = Autograder(ledger, lanes)
    until(lambda: True)
    assert (list(ledger.reports), ledger.queue, said()) == ([2], [3], 1)
    there["gpu"] = 1
    until(lambda: 3 in ledger.reports)
    there["gpu"] = 0
    until(lambda: True)
    assert said() == 2, "it had come, and has gone again"


def test_lanes_take_turns_where_one_bound_is_for_all() -> None:
    """One job at a time, though each lane has room: none waits until the other is done."""
    taken: list[int] = []
    most = [0]

    def lane(name: str, choice: Choice) -> Lane:
        def work(job: Job) -> Report:
            taken.append(job.ref)
            most[0] = max(most[0], len(grader._running))
            return scored(job)

        return Lane(name, lambda job: threads.submit(work, job), lambda: 4, choice)

    ledger = FakeLedger([1, 3, 5, 0, 2, 4])
    with ThreadPoolExecutor(8) as threads:
        grader = Autograder(ledger, [lane("gpu", GPU), lane("cpu", CPU)], most=1)
        grader.run()
    assert taken == [1, 0, 3, 2, 5, 4]
    assert ledger.signs == [(grader.holder, 1)], "it has no more places than that"


def test_signs_of_life_and_leases_go_on_while_a_scheduler_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("HEARTBEAT", 0.0), ("PAUSE", 0.001), ("POLL", 0.001)):
        monkeypatch.setattr(autograde, name, seconds)
    futures: list[Future[Report]] = []
    out: list[int] = []

    def submit(job: Job) -> Future[Report]:
        futures.append(Future())
        out.append(len(ledger.signs))
        return futures[-1]

    def slots() -> int:
        if out:
            raise Unavailable("the scheduler doesn't answer")
        return 4

    ledger = FakeLedger([2])
    grader = Autograder(ledger, [Lane("cluster", submit, slots)])

    def until() -> bool:
        if ledger.renewals > 5 and not futures[0].done():
            futures[0].set_exception(Lost("the connection was lost"))
        return bool(ledger.released)

    grader.run(watch=True, until=until)
    assert ledger.renewals > 5
    assert {places for _, places in ledger.signs[out[0] + 1 :]} == {0}, "nobody is known to be there"
    assert ledger.given_back == ["gave it back: the connection was lost"]


def test_what_was_lost_is_given_back_at_no_cost() -> None:
    """The scheduler of a cluster has gone with it: nobody's fault, and nothing was found."""
    begun: list[int] = []

    def submit(job: Job) -> Future[Report]:
        begun.append(job.ref)
        future: Future[Report] = Future()
        if len(begun) == 1:
            future.set_exception(Lost("the connection was lost"))
        else:
            future.set_result(scored(job))
        return future

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


@pytest.mark.parametrize("refused", [1, 2])
def test_a_report_that_is_never_taken_holds_up_nobody(refused: int) -> None:
    """It is recorded as our fault; where not even that is taken, its lease is left to run out."""
    ledger = FakeLedger([0, 2, 4], faults=[HeldoutError("a score is not finite")] * refused)
    with ThreadPoolExecutor(1) as threads:
        Autograder(ledger, [local_lane(threads, scored)]).run()
    verdicts = [report.verdict for _, report in sorted(ledger.reports.items())]
    assert verdicts == ([Verdict.GRADER_ERROR] if refused == 1 else []) + [Verdict.SCORED] * 2


def test_one_job_that_can_not_be_given_back_keeps_no_other() -> None:
    class Locked(FakeLedger):
        def release(self, job: Job, why: str = "was stopped") -> bool:
            super().release(job, why)
            raise Unavailable("the database is locked")

    def interrupted(job: Job) -> Future[Report]:
        if job.ref == 4:
            raise KeyboardInterrupt
        return Future()

    ledger = Locked([0, 2, 4])
    lane = Lane("local", interrupted, lambda: 3)
    with pytest.raises(KeyboardInterrupt):
        Autograder(ledger, [lane]).run()
    assert ledger.released == [0, 2]
    assert len(ledger.ended) == 1
