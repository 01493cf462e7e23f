"""The queue's consumer: claim → executor → record, with leases renewed while jobs run."""

import os
import secrets
import socket
import time
import traceback
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Protocol

from grader.report import Job, Report, Verdict

LEASE = 60.0  # seconds that a job stays ours without a sign of life
HEARTBEAT = 10.0  # seconds between two signs
POLL = 1.0  # seconds between two looks at an empty queue


class Ledger(Protocol):
    """What grading needs of the ledger; `leaderboard.store.Store` has it."""

    def sweep(self) -> int: ...
    def claim(self, holder: str, lease_seconds: float) -> Job | None: ...
    def renew(self, job: Job) -> bool: ...
    def record(self, job: Job, report: Report) -> bool: ...


def new_holder() -> str:
    """A name for this process that no other grader has, on any machine."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def new_run_seed() -> int:
    """From the OS's generator, drawn after the submission is frozen: nobody can aim at it."""
    return secrets.randbits(63)


@dataclass
class Autograder:
    """Grades what is queued, `slots` at a time.

    `grade_job` turns a job into a report and never raises for the student's sake; `recorded` hears of each
    judging that this process brought in.
    """

    ledger: Ledger
    executor: Executor
    grade_job: Callable[[Job], Report]
    slots: int = 1
    recorded: Callable[[Job, Report], None] = lambda job, report: None
    holder: str = field(default_factory=new_holder)
    _running: dict[Future[Report], Job] = field(default_factory=dict)

    def run(self, *, watch: bool = False, until: Callable[[], bool] = lambda: False) -> None:
        """Work until the queue is empty, or for ever with `watch`.

        Once `until` is true nothing more is claimed, and what runs is brought to its end.
        """
        while True:
            if not until():
                self._fill()
            if self._running:
                self._collect()
            elif watch and not until():
                time.sleep(POLL)
            else:
                return

    def _fill(self) -> None:
        self.ledger.sweep()
        while len(self._running) < self.slots:
            job = self.ledger.claim(self.holder, LEASE)
            if job is None:
                return
            self._running[self.executor.submit(self.grade_job, job)] = job

    def _collect(self) -> None:
        finished, _ = wait(self._running, timeout=HEARTBEAT, return_when=FIRST_COMPLETED)
        for future in finished:
            job = self._running.pop(future)
            report = _result(future)
            if self.ledger.record(job, report):
                self.recorded(job, report)
        for job in self._running.values():
            self.ledger.renew(job)


def _result(future: Future[Report]) -> Report:
    """The report, or a GRADER_ERROR when the job itself broke (a lost worker, an unreadable archive)."""
    error = future.exception()
    if error is None:
        return future.result()
    return Report(Verdict.GRADER_ERROR, run_seed=0, log="".join(traceback.format_exception(error)))
