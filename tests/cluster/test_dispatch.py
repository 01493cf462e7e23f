"""One task and workers that do all sorts of things with it: none keeps it for ever, and each end is told."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cluster import dispatch, pool, work
from cluster.addresses import parse
from cluster.dispatch import Dispatcher
from cluster.link import Seen
from cluster.parts import Missing, Stock, Withdrawn
from cluster.worker import CPU, GPU, Hands, Slot
from grader import gpus
from grader.autograde import Lost
from grader.bench import CourseSupply
from grader.course import open_course
from grader.outline import RunKind
from grader.report import Report, Verdict
from grader.sandbox import gpu
from grader.sandbox.unconfined import UnconfinedSandbox
from grader.student import silent
from tests.cluster import submissions
from tests.cluster.fleet import wait
from tests.cluster.test_parts import task, voice

SCORED = Report(Verdict.SCORED, run_seed=1)
ALONE = "b" * 64


class Never:
    """What a worker doesn't answer."""


class Unfetched:
    """What it has, and doesn't hand over."""


@dataclass
class Asked:
    """A future of Dask's."""

    answer: Any

    def done(self) -> bool:
        return not isinstance(self.answer, Never)

    def add_done_callback(self, call: Callable[[object], None]) -> None:
        if self.done():
            call(self)

    def result(self, timeout: float) -> Any:
        if isinstance(self.answer, Unfetched):
            raise TimeoutError
        return self.answer

    def cancel(self) -> None: ...
    def release(self) -> None: ...


@dataclass
class Cluster:
    """In place of a `cluster.link.Link` and its client. Workers are called like their addresses.

    `answers`: of each worker, what it does with one grading after the other; the last again and again.
    `leaving`: those that have left when they are next looked for, once they were asked.
    """

    answers: dict[str, list[Any]]
    resource: str = CPU
    delivered: Any = ""
    leaving: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    topic: str = "topic"

    def workers(self) -> dict[str, Seen]:
        there = self.answers.keys() - self.gone
        return {name: Seen(name, name, self.resource) for name in sorted(there)}

    @property
    def known(self) -> dict[str, Seen]:
        return self.workers()

    def busy(self) -> set[str]:
        return set()

    def client(self) -> "Cluster":
        return self

    def look_again(self) -> None: ...
    def close(self) -> None: ...

    def submit(self, function: Callable[..., Any], *arguments: Any, workers: list[str], **more: Any) -> Asked:
        [name] = workers
        self.asked.append((name, function.__name__))
        self.gone |= {name} & self.leaving
        if function is work.deliver:
            assert not more["resources"], "it would wait for another grader's task"
            return Asked(self.delivered)
        answers = self.answers[name]
        return Asked(answers.pop(0) if len(answers) > 1 else answers[0])

    @property
    def who(self) -> list[str]:
        return [name for name, what in self.asked if what == "perform"]


Grade = Callable[[Cluster], Report]


@pytest.fixture
def grade(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Grade]:
    """A report of a small submission by a cluster; all patience is short."""
    for module, name in ((dispatch, "LOOK"), (dispatch, "FETCH"), (dispatch, "DELIVERY"), (pool, "GRACE")):
        monkeypatch.setattr(module, name, 0.01)
    supply = CourseSupply(open_course(made))
    dispatchers: list[Dispatcher] = []

    def graded(cluster: Cluster) -> Report:
        monkeypatch.setattr(dispatch, "Link", lambda *_: cluster)
        dispatchers.append(Dispatcher(supply, parse("tcp://127.0.0.1:1"), None))
        wanted = task(supply, submissions.plain(), RunKind.EVALUATE)
        return dispatchers[-1].grade(wanted, silent, lambda *_: None)

    yield graded
    for each in dispatchers:
        each.stop()


def test_a_worker_that_loses_what_it_is_sent_is_not_sent_it_for_ever(grade: Grade) -> None:
    cluster = Cluster({"a": [Missing((ALONE,))]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stock, "part", lambda stock, sha256: sha256.encode())
        report = grade(cluster)
    assert report.verdict is Verdict.GRADER_ERROR
    assert "The worker a loses what it is sent" in report.log
    assert cluster.asked == [("a", "perform"), ("a", "deliver")] * dispatch.ROUNDS


@pytest.mark.parametrize(
    ("delivered", "told"),
    [("OSError: No space left on device", "No space left"), (Never(), "did not take what it was sent")],
    ids=["full", "silent"],
)
def test_one_that_does_not_take_them_breaks_the_attempt(grade: Grade, delivered: Any, told: str) -> None:
    cluster = Cluster({"a": [Missing((ALONE,))]}, delivered=delivered)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stock, "part", lambda stock, sha256: sha256.encode())
        report = grade(cluster)
    assert report.verdict is Verdict.GRADER_ERROR
    assert told in report.log
    assert cluster.asked == [("a", "perform"), ("a", "deliver")]


def test_a_report_that_does_not_come_breaks_the_attempt(grade: Grade) -> None:
    cluster = Cluster({"a": [Unfetched()], "b": [SCORED]})
    report = grade(cluster)
    assert report.verdict is Verdict.GRADER_ERROR
    assert "The worker a did not hand over its report" in report.log
    assert cluster.who == ["a"], "the ledger counts"


@pytest.mark.parametrize(
    "answer",
    [Unfetched(), Never(), Withdrawn("GPU 0 is quarantined")],
    ids=lambda answer: type(answer).__name__,
)
def test_what_a_worker_leaves_undone_another_does(grade: Grade, answer: Any) -> None:
    cluster = Cluster({"a": [answer], "b": [SCORED]}, leaving={"a"})
    report = grade(cluster)
    assert (report.verdict, report.resources.layers) == (Verdict.SCORED, ("worker b",))
    assert cluster.who == ["a", "b"]


def test_it_is_not_handed_on_for_ever(grade: Grade) -> None:
    names = [chr(97 + number) for number in range(20)]
    cluster = Cluster({name: [Never()] for name in names}, leaving=set(names))
    with pytest.raises(Lost, match="workers left, one after the other"):
        grade(cluster)
    assert cluster.who == names[: dispatch.MOVES]


def test_what_nobody_offers_any_more_is_given_back(grade: Grade) -> None:
    with pytest.raises(Lost, match="no worker offers a CPU any more"):
        grade(Cluster({"a": [SCORED]}, resource=GPU))


# ---------------------------------------------------------------- on a worker


def test_who_has_a_quarantined_gpu_grades_nothing_and_leaves(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And stays, once more, when it is sound: with the parts of the course that it lacks to be sent first."""
    monkeypatch.setattr(gpu, "FOLDER", tmp_path)
    supply = CourseSupply(open_course(made), device="cuda")
    wanted = Stock(supply).equip(task(supply, submissions.trained(0.1), RunKind.TRAIN))
    address = parse("tcp://127.0.0.1:1")
    slot = Slot("a", address, None, "none", tmp_path / "cache", tmp_path / "scratch", gpu=3)
    hands, left = Hands(slot, UnconfinedSandbox()), []
    hands.withdraw = lambda: left.append(1)
    gpus.mark(3).touch()
    assert isinstance(hands.grade(wanted, voice([])), Withdrawn)
    assert left
    left.clear()
    gpus.mark(3).unlink()
    assert isinstance(hands.grade(wanted, voice([])), Missing)
    assert not left


def test_a_grading_that_hangs_ends_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr("os._exit", ended.append)
    with work.deadline(0.01):
        wait(lambda: bool(ended))
    assert ended == [work.HUNG]


def test_one_that_ends_in_time_ends_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr("os._exit", ended.append)
    before = threading.active_count()
    with work.deadline(3600.0):
        assert threading.active_count() == before + 1
    wait(lambda: threading.active_count() == before)
    assert ended == []
