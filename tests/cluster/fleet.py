"""A course and a cluster of real processes for it: a scheduler, workers, and who grades by them."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from grader import archive
from grader.archive import Archive
from grader.course import Course
from grader.current import CurrentCourse
from grader.spec import RunKind
from leaderboard.database import Database
from leaderboard.records import State, Submission, TeamKind
from leaderboard.store import Store

HOME = Path(__file__).resolve().parents[2]
SLUG = "mnist1d"
PATIENCE = 100.0  # seconds, on a machine that is busy with other things
QUICK = {
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "6s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "40s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "4s",
}
GPU = """
from pathlib import Path
from grader.sandbox import gpu

gpu.present = lambda *_: [0]
gpu.FOLDER = Path("{folder}")
"""
Process = subprocess.Popen[bytes]


@dataclass
class Fleet:
    """`wrap`: words before a worker's command. Each process writes to a log that is called like it."""

    course: Course
    folder: Path
    address: str
    certificates: Path | None = None
    processes: dict[str, Process] = field(default_factory=dict)

    def scheduler(self) -> Process:
        process = self.start("scheduler", ["scheduler", self.address, *self.papers])
        self.wait_for("scheduler", "The scheduler listens")
        return process

    def worker(
        self, name: str = "worker", *, slots: int = 1, sandbox: str = "auto", wrap: Sequence[str] = ()
    ) -> Process:
        """At work when this returns."""
        process = self.start(name, self._words(name, slots, sandbox, "none"), wrap=wrap)
        self.wait_for(name, "is at work", count=slots)
        return process

    def gpu_worker(self, name: str = "gpu") -> Process:
        """One slot, without a sandbox, of a machine that takes itself to have a GPU; none is used.

        That GPU is quarantined while `self.mark` is there.
        """
        before = self.folder / "before"
        before.mkdir(exist_ok=True)
        (before / "sitecustomize.py").write_text(GPU.format(folder=str(self.folder)))
        wrap = ["env", f"PYTHONPATH={before}:{HOME}"]
        return self.start(name, self._words(name, 0, "none", "0"), wrap=wrap)

    @property
    def mark(self) -> Path:
        return self.folder / "0.quarantined"

    def _words(self, name: str, slots: int, sandbox: str, gpus: str) -> list[str]:
        cache = self.folder / f"cache-{name}"
        words = ["worker", self.address, "--slots", str(slots), "--cache", str(cache), "--gpus", gpus]
        return [*words, "--sandbox", sandbox, *self.papers]

    def grade(self, *words: str, name: str = "grade") -> Process:
        command = ["grade", "--scheduler", self.address, "--course", str(self.course.folder)]
        return self.start(name, [*command, *self.papers, *words])

    def graded(self, *words: str) -> str:
        """All that is queued; what was printed."""
        process = self.grade(*words)
        assert process.wait(PATIENCE) == 0, self.log("grade")
        return self.log("grade")

    @property
    def papers(self) -> list[str]:
        return [] if self.certificates is None else ["--certificates", str(self.certificates)]

    def start(self, name: str, words: Sequence[str], *, wrap: Sequence[str] = ()) -> Process:
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                [*wrap, sys.executable, "-m", "cli", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(self.folder),
                cwd=HOME,
            )
        self.processes[name] = process
        return process

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def wait_for(self, name: str, words: str, *, count: int = 1) -> None:
        wait(lambda: self.log(name).count(words) >= count, lambda: f"{name}: {self.log(name)}")

    def stop(self) -> None:
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # ------------------------------------------------------------ the ledger

    def store(self) -> Store:
        return Store.open(self.course.database, assignments=CurrentCourse(self.course).assignment)

    def hand_in(self, data: bytes, team: str, run_kind: RunKind = RunKind.EVALUATE, slug: str = SLUG) -> int:
        packed = Archive(data, "model.zip")
        archive.keep(packed, self.course.archives)
        with self.store() as store:
            store.ensure_team(team, TeamKind.STUDENT)
            return store.receive(
                team,
                slug,
                sha256=packed.sha256,
                size=packed.size,
                file_name="model.zip",
                description="",
                run_kind=run_kind,
            ).ref

    def submission(self, ref: int) -> Submission:
        with self.store() as store:
            return store.submission(ref)

    def state(self, ref: int) -> State:
        return self.submission(ref).state

    def attempts(self, ref: int) -> list[str]:
        """What became of each, in their order: "lost" where nothing did."""
        with closing(Database(self.course.database)) as database, database.connection() as connection:
            asked = text(
                "SELECT attempt, verdict, run_seed FROM judgings WHERE submission_id = :ref ORDER BY id"
            )
            found = connection.execute(asked, {"ref": ref}).all()
        assert [one.attempt for one in found] == [*range(1, len(found) + 1)]
        return ["lost" if one.run_seed is None else one.verdict for one in found]

    def graded_by(self, ref: int) -> str:
        """The worker's name."""
        judging = self.submission(ref).judging
        assert judging is not None
        return judging.resources.layers[-1].removeprefix("worker ")

    def names(self, log: str) -> list[str]:
        """Of the workers of a machine, in the order in which they began."""
        return re.findall(r"The worker (\S+) is at work", self.log(log))

    def wait_until(self, ref: int, *states: State) -> None:
        wait(lambda: self.state(ref) in states, lambda: f"#{ref} is {self.state(ref)}: {self.log('grade')}")

    def wait_until_told(self, ref: int) -> None:
        """Until its grading tells of itself: its worker has all that it needs, and is at it."""
        wait(lambda: self.submission(ref).progress is not None, lambda: self.log("grade"))


def environment(folder: Path) -> dict[str, str]:
    kept: Mapping[str, str] = {
        name: value for name, value in os.environ.items() if not name.startswith(("HELDOUT_", "DASK_"))
    }
    more = {"PYTHONPATH": str(HOME), "NO_COLOR": "1", "XDG_CACHE_HOME": str(folder / "cache")}
    return {**kept, **QUICK, **more}


def free_port(host: str = "127.0.0.1") -> int:
    with socket.create_server((host, 0)) as server:
        return int(server.getsockname()[1])


def wait(done: Callable[[], bool], told: Callable[[], str] = lambda: "") -> None:
    until = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < until, told()
        time.sleep(0.1)


def children(process: Process) -> list[int]:
    """The workers of a machine, by their process's number."""
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(word) for word in found.split()]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
