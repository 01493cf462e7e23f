"""The queue's consumer: claim → executor → record, with leases renewed while jobs run."""

import logging
import os
import secrets
import socket
import time
import traceback
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Protocol

from grader.errors import HeldoutError
from grader.report import Job, Report, Verdict

LEASE = 60.0  # seconds that a job stays ours without a sign of life
HEARTBEAT = 10.0  # seconds between two signs
POLL = 0.5  # seconds between two looks at the queue
TIDY = 10.0  # seconds between two looks for ties on boards that have changed
PAUSE = 5.0  # seconds before a ledger that didn't answer is asked again

log = logging.getLogger(__name__)


class Ledger(Protocol):
    """What grading needs of the ledger; `leaderboard.store.Store` has it."""

    def sweep(self) -> int: ...
    def claim(self, holder: str, lease_seconds: float) -> Job | None: ...
    def renew(self, job: Job) -> bool: ...
    def record(self, job: Job, report: Report) -> bool: ...
    def release(self, job: Job) -> bool: ...
    def refresh_all(self) -> None: ...
    def seen(self, holder: str, slots: int) -> None: ...


def new_holder() -> str:
    """A name for this process that no other grader has, on any machine."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def new_run_seed() -> int:
    """From the OS's generator, drawn after the submission is frozen: nobody can aim at it."""
    return secrets.randbits(63)


@dataclass
class Autograder:
    """Grades what is queued, `slots` at a time.

    `grade_job` turns a job into a report; what it raises is our fault, and recorded as such. `recorded` hears
    of each judging that this process brought in.
    """

    ledger: Ledger
    executor: Executor
    grade_job: Callable[[Job], Report]
    slots: int = 1
    recorded: Callable[[Job, Report], None] = lambda job, report: None
    holder: str = field(default_factory=new_holder)
    _running: dict[Future[Report], Job] = field(default_factory=dict)
    _renewed: float = 0.0
    _tidied: float = 0.0

    def run(self, *, watch: bool = False, until: Callable[[], bool] = lambda: False) -> None:
        """Work until the queue is empty, or for ever with `watch`; then an error of the ledger is waited out.

        Once `until` is true nothing more is claimed, and what runs is brought to its end. Whatever ends this
        early (Ctrl-C, an error) gives the running jobs back at no cost.
        """
        try:
            while not self._over(watch=watch, until=until):
                self._round(watch=watch, claiming=not until())
            self._guarded(self.ledger.refresh_all, watch)
        finally:
            self._give_back()

    def _over(self, *, watch: bool, until: Callable[[], bool]) -> bool:
        if self._running:
            return False
        if until():
            return True
        self._guarded(self._fill, watch)
        return not self._running and not watch

    def _round(self, *, watch: bool, claiming: bool) -> None:
        if claiming:
            self._guarded(self._fill, watch)
        if self._running:
            wait(self._running, timeout=POLL, return_when=FIRST_COMPLETED)
        else:
            time.sleep(POLL)
        self._guarded(self._collect, watch)
        if time.monotonic() - self._tidied > TIDY:
            self._tidied = time.monotonic()
            self._guarded(self.ledger.refresh_all, watch)

    def _guarded(self, step: Callable[[], None], watch: bool) -> None:
        """Watching, a locked or restarted database is waited out: nothing is lost, reports are kept."""
        try:
            step()
        except HeldoutError as error:
            if not watch:
                raise
            log.warning("%s\ntrying again in %g s", error, PAUSE)
            time.sleep(PAUSE)

    def _fill(self) -> None:
        self.ledger.sweep()
        while len(self._running) < self.slots:
            job = self.ledger.claim(self.holder, LEASE)
            if job is None:
                return
            self._running[self.executor.submit(self.grade_job, job)] = job

    def _collect(self) -> None:
        for future in [future for future in self._running if future.done()]:
            job, report = self._running[future], _result(future)
            won = self.ledger.record(job, report)
            del self._running[future]  # only now: a ledger that didn't answer is asked again
            if won:
                self.recorded(job, report)
        if time.monotonic() - self._renewed > HEARTBEAT:
            self._renewed = time.monotonic()
            for job in self._running.values():
                self.ledger.renew(job)
            self.ledger.seen(self.holder, self.slots)

    def _give_back(self) -> None:
        for job in self._running.values():
            self.ledger.release(job)
        self._running.clear()


def _result(future: Future[Report]) -> Report:
    """The report, or a GRADER_ERROR when the job itself broke (a lost worker, an unreadable archive)."""
    error = future.exception()
    if error is None:
        return future.result()
    return Report(Verdict.GRADER_ERROR, run_seed=0, log="".join(traceback.format_exception(error)))
