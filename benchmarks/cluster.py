"""A cluster's price: what dispatching adds to a grading, how it scales, whether it grows."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.record import Row, at_least, at_most
from cluster.addresses import parse
from cluster.dispatch import Dispatcher
from grader import archive, catalogue, prepared
from grader.autograde import Autograder
from grader.bench import CourseSupply
from grader.course import Config, Course, Settings, init
from grader.report import EVERYTHING, Choice, Job, Report
from grader.student import silent

SLUG = "mnist1d"
HOME = Path(__file__).resolve().parents[1]
JOBS, WORKERS, SECONDS = 10_000, 64, 4.0  # simulated: gradings take longer yet
EACH = 16  # simulated workers of a process
ALONE = 100  # jobs, one after the other
REAL = 16  # gradings of each real worker, so often
ROUNDS = 3
# A grading that is worth sending somewhere: the shortest take a second.
BURNING = """

import time

until = time.process_time() + 1.0
while time.process_time() < until:
    pass
"""


@dataclass
class Queue:
    """A ledger of so many equal jobs; and this process's memory as they are recorded, in bytes."""

    sha256: str
    waiting: int
    every: int = 0
    memory: list[int] = field(default_factory=list)
    recorded: int = 0

    def claim(self, holder: str, lease_seconds: float, choice: Choice = EVERYTHING) -> Job | None:
        if not self.waiting:
            return None
        self.waiting -= 1
        return Job(self.waiting, "team", SLUG, self.sha256, 1, holder, datetime.now(UTC))

    def record(self, job: Job, report: Report) -> bool:
        self.recorded += report.verdict == "scored"
        if report.verdict != "scored":
            print(report.log, file=sys.stderr)
        if self.every and self.waiting % self.every == 0:
            self.memory.append(resident())
        return True

    def sweep(self) -> int:
        return 0

    def renew(self, job: Job) -> bool:
        return True

    def waits(self, choice: Choice) -> bool:
        return self.waiting > 0

    def release(self, job: Job, why: str = "") -> bool:
        self.waiting += 1
        return True

    def refresh_all(self) -> None: ...

    def seen(self, holder: str, lanes: Mapping[str, int]) -> bool:
        return True

    def left(self, holder: str) -> None: ...


def measure() -> list[Row]:
    return measured(jobs=JOBS, workers=WORKERS, seconds=SECONDS, real=REAL)


def measured(*, jobs: int, workers: int, seconds: float, real: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="heldout-bench-") as folder, ExitStack() as running:
        supply, sha256 = _course(Path(folder))
        burning = _handed_in(supply.course, Path(folder) / "burning", BURNING)
        address = running.enter_context(_scheduler())
        with _sleepers(address, 1, 0.0):
            overhead = _one_by_one(supply, sha256, address)
        with _sleepers(address, workers, seconds):
            taken, memory = _together(supply, sha256, address, jobs)
        speeds: dict[int, list[float]] = {1: [], _cores(): []}
        plain: dict[int, list[float]] = {1: [], _cores(): []}
        for count in sorted(speeds) * ROUNDS:
            plain[count].append(count * real / _burnt(count, real))
            with _real(address, count, Path(folder)):
                _together(supply, burning, address, 2 * count)  # warm: their data are sent
                speeds[count].append(real * count / _together(supply, burning, address, real * count)[0])
    most = max(speeds)
    shares = [many / one / most for one, many in zip(speeds[1], speeds[most], strict=True)]
    limits = [many / one / most for one, many in zip(plain[1], plain[most], strict=True)]
    return [
        at_most("dispatching one job, beyond its grading", 1e3 * overhead, "ms", 30.0),
        Row(f"{jobs:,} sleeping jobs of {seconds:g} s on {workers} workers", taken, "s"),
        at_least("against no overhead at all", jobs * seconds / workers / taken, "×", 0.9),
        Row("gradings a second by one real worker", statistics.median(speeds[1]), "/s"),
        Row(f"{most} plain processes against one, per process", statistics.median(limits), "×"),
        at_least(f"{most} real workers against one, per worker", statistics.median(shares), "×", 0.9),
        Row("memory of who dispatches, after a tenth", memory[0] / 1e6, "MB"),
        at_most("at the end against that", memory[-1] / memory[0], "×", 1.1),
    ]


def _course(folder: Path) -> tuple[CourseSupply, str]:
    course = init(folder / "course", Config(assignments={SLUG: Settings(items=64)}))
    prepared.prepare(course, course.settle(catalogue.find(SLUG)))
    return CourseSupply(course), _handed_in(course, folder / "plain")


def _handed_in(course: Course, folder: Path, more: str = "") -> str:
    """A shipped solution whose model.py does `more`, as its archive's SHA-256."""
    shutil.copytree(HOME / "baselines" / SLUG / "logistic", folder)
    with (folder / "model.py").open("a") as file:
        file.write(more)
    packed = archive.pack(folder, limit=1_000_000)
    archive.keep(packed, course.archives)
    return packed.sha256


def _one_by_one(supply: CourseSupply, sha256: str, address: str) -> float:
    job = Job(1, "team", SLUG, sha256, 1, "benchmark", datetime.now(UTC))
    with closing(Dispatcher(supply, parse(address), None)) as dispatcher:
        times = []
        for _ in range(ALONE):
            task = supply.task(job)
            begun = time.perf_counter()
            dispatcher.grade(task, silent, _unheard)
            times.append(time.perf_counter() - begun)
        dispatcher.stop()
    return statistics.median(times)


def _unheard(phase: str, done: int, total: int, tail: str) -> None: ...


def _together(supply: CourseSupply, sha256: str, address: str, jobs: int) -> tuple[float, list[int]]:
    """Seconds for all of them, and memory by tenths."""
    queue = Queue(sha256, jobs, max(1, jobs // 10))
    with closing(Dispatcher(supply, parse(address), None)) as dispatcher:
        lanes = dispatcher.lanes(lambda job: dispatcher.grade(supply.task(job), silent, _unheard))
        begun = time.perf_counter()
        Autograder(queue, lanes).run()
        taken = time.perf_counter() - begun
        dispatcher.stop()
    if queue.recorded != jobs:
        raise ArithmeticError(f"{queue.recorded} of {jobs} were graded")
    return taken, queue.memory


# ---------------------------------------------------------------- processes


@contextmanager
def _scheduler() -> Iterator[str]:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with _running(["-m", "cli", "scheduler", address], "The scheduler listens"):
        yield address


@contextmanager
def _sleepers(address: str, count: int, seconds: float) -> Iterator[None]:
    with ExitStack() as held:
        for start in range(0, count, EACH):
            here = str(min(EACH, count - start))
            words = ["-m", "benchmarks.sleepers", address, here, str(seconds)]
            held.enter_context(_running(words, "ready"))
        yield


@contextmanager
def _real(address: str, count: int, folder: Path) -> Iterator[None]:
    words = ["-m", "cli", "worker", address, "--slots", str(count), "--gpus", "none"]
    with _running([*words, "--cache", str(folder / "cache")], "is at work", count):
        yield


def _burnt(count: int, seconds: int) -> float:
    """For how long so many processes burn so many processor seconds each: what the machine itself gives."""
    code = f"import time\nwhile time.process_time() < {seconds}: pass"
    begun = time.perf_counter()
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(count)]
    for process in running:
        process.wait()
    return time.perf_counter() - begun


@contextmanager
def _running(words: list[str], ready: str, count: int = 1) -> Iterator[None]:
    """A Python that has said so often that it is ready; gone when the context is left."""
    process = subprocess.Popen(
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=HOME,
        env={**os.environ, "PYTHONPATH": str(HOME)},
    )
    assert process.stdout is not None
    try:
        said = ""
        while count:
            said = process.stdout.readline()
            if not said:
                raise RuntimeError(f"{words[1]} ended: {process.wait()}")
            count -= ready in said
        yield
    finally:
        process.terminate()
        process.communicate(timeout=60)


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _cores() -> int:
    return len(os.sched_getaffinity(0))
