"""The queue's consumer: claim → lane → record, with leases renewed while jobs run."""

import logging
import os
import secrets
import socket
import time
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from grader.errors import HeldoutError
from grader.outline import RunKind
from grader.report import Job, Report, Verdict

LEASE = 60.0  # seconds that a job stays ours without a sign of life
HEARTBEAT = 10.0  # seconds between two signs
POLL = 0.5  # seconds between two looks at the queue
TIDY = 1.0  # seconds between two looks for ties on boards that have changed
TIDY_SHARE = 0.05  # of the time, at most
PAUSE = 5.0  # seconds before a ledger that didn't answer is asked again

log = logging.getLogger(__name__)


class Ledger(Protocol):
    """What grading needs of the ledger; `leaderboard.store.Store` has it."""

    def sweep(self) -> int: ...
    def claim(self, holder: str, lease_seconds: float, kinds: Collection[RunKind] = ...) -> Job | None: ...
    def renew(self, job: Job) -> bool: ...
    def record(self, job: Job, report: Report) -> bool: ...
    def release(self, job: Job) -> bool: ...
    def refresh_all(self) -> None: ...
    def seen(self, holder: str, lanes: Mapping[str, int]) -> bool: ...
    def left(self, holder: str) -> None: ...


def new_holder() -> str:
    """A name for this process that no other grader has, on any machine."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def new_run_seed() -> int:
    """From the OS's generator, drawn after the submission is frozen: nobody can aim at it."""
    return secrets.randbits(63)


@dataclass(frozen=True)
class Lane:
    """Where jobs of some kinds are graded, `slots()` at a time: as many as there are workers just now.

    What the future of `submit` raises is our fault, and recorded as such; one that is cancelled (a cluster's
    scheduler has gone) was never graded, and its job is given back at no cost.
    """

    name: str
    submit: Callable[[Job], Future[Report]]
    slots: Callable[[], int]
    kinds: frozenset[RunKind] = frozenset(RunKind)


def local_lane(executor: Executor, grade_job: Callable[[Job], Report], slots: int = 1) -> Lane:
    """In this process, whatever comes."""
    return Lane("local", lambda job: executor.submit(grade_job, job), lambda: slots)


@dataclass
class Autograder:
    """Grades what is queued on its lanes. `recorded` hears of each judging that this process brought in."""

    ledger: Ledger
    lanes: Sequence[Lane]
    recorded: Callable[[Job, Report], None] = lambda job, report: None
    holder: str = field(default_factory=new_holder)
    _running: dict[Future[Report], tuple[Job, Lane]] = field(default_factory=dict)
    _renewed: float = 0.0
    _tidy_at: float = 0.0
    _drained: bool = False  # somebody asked this one to stop

    def run(self, *, watch: bool = False, until: Callable[[], bool] = lambda: False) -> None:
        """Work until the queue is empty, or for ever with `watch`; then an error of the ledger is waited out.

        Once `until` is true, or the ledger asks it to stop, nothing more is claimed, and what runs is brought
        to its end. Whatever ends this early (Ctrl-C, an error) gives the running jobs back at no cost.
        """
        try:
            while not self._over(watch=watch, until=lambda: until() or self._drained):
                self._round(watch=watch, claiming=not (until() or self._drained))
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
        if time.monotonic() > self._tidy_at:
            begun = time.monotonic()
            self._guarded(self.ledger.refresh_all, watch)
            now = time.monotonic()
            self._tidy_at = now + max(TIDY, (now - begun) / TIDY_SHARE)

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
        for lane in self.lanes:
            self._fill_lane(lane)

    def _fill_lane(self, lane: Lane) -> None:
        free = lane.slots() - sum(taken is lane for _, taken in self._running.values())
        for _ in range(free):
            job = self.ledger.claim(self.holder, LEASE, lane.kinds)
            if job is None:
                return
            self._running[lane.submit(job)] = job, lane

    def _collect(self) -> None:
        for future in [future for future in self._running if future.done()]:
            job, _ = self._running[future]
            if future.cancelled():
                self.ledger.release(job)
            else:
                self._record(job, _result(future))
            del self._running[future]  # only now: a ledger that didn't answer is asked again
        if time.monotonic() - self._renewed > HEARTBEAT:
            self._renewed = time.monotonic()
            for job, _ in self._running.values():
                self.ledger.renew(job)
            lanes = {lane.name: lane.slots() for lane in self.lanes}
            self._drained = not self.ledger.seen(self.holder, lanes)

    def _record(self, job: Job, report: Report) -> None:
        if self.ledger.record(job, report):
            self.recorded(job, report)

    def _give_back(self) -> None:
        for job, _ in self._running.values():
            self.ledger.release(job)
        self._running.clear()
        with suppress(HeldoutError):  # its last sign is forgotten in a minute
            self.ledger.left(self.holder)


def _result(future: Future[Report]) -> Report:
    """The report, or a GRADER_ERROR when the job itself broke (a lost worker, an unreadable archive)."""
    error = future.exception()
    if error is None:
        return future.result()
    return Report(Verdict.GRADER_ERROR, run_seed=0, log="".join(traceback.format_exception(error)))
