"""The queue's consumer: claim → lane → record, with leases renewed while jobs run."""

import logging
import os
import secrets
import socket
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from grader.errors import HeldoutError, Unavailable
from grader.report import EVERYTHING, Choice, Job, Report, Verdict

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
    def claim(self, holder: str, lease_seconds: float, choice: Choice = ...) -> Job | None: ...
    def waits(self, choice: Choice) -> bool: ...
    def renew(self, job: Job) -> bool: ...
    def record(self, job: Job, report: Report) -> bool: ...
    def release(self, job: Job, why: str = ...) -> bool: ...
    def refresh_all(self) -> None: ...
    def seen(self, holder: str, lanes: Mapping[str, int]) -> bool: ...
    def left(self, holder: str) -> None: ...


def new_holder() -> str:
    """A name for this process that no other grader has, on any machine."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def new_run_seed() -> int:
    """From the OS's generator, drawn after the submission is frozen: nobody can aim at it."""
    return secrets.randbits(63)


class Lost(Exception):
    """It was never graded, through nobody's fault: the job goes back at no cost."""


def nobody() -> HeldoutError:
    return Unavailable("nobody is there to grade")


@dataclass(frozen=True)
class Lane:
    """Where the jobs of a choice are graded, `slots()` at a time: as many as there are workers just now.

    What the future of `submit` raises is our fault, and recorded as such, unless it is Lost. `absent` says
    what to do where there are no slots.
    """

    name: str
    submit: Callable[[Job], Future[Report]]
    slots: Callable[[], int]
    choice: Choice = EVERYTHING
    absent: Callable[[], HeldoutError] = nobody


def local_lane(executor: Executor, grade_job: Callable[[Job], Report], slots: int = 1) -> Lane:
    """In this process, whatever comes."""
    return Lane("local", lambda job: executor.submit(grade_job, job), lambda: slots)


@dataclass
class Autograder:
    """Grades what is queued on its lanes, `most` jobs at a time on all of them together.

    `recorded` hears of each judging that this process brought in.
    """

    ledger: Ledger
    lanes: Sequence[Lane]
    recorded: Callable[[Job, Report], None] = lambda job, report: None
    holder: str = field(default_factory=new_holder)
    most: int | None = None
    _running: dict[Future[Report], tuple[Job, Lane]] = field(default_factory=dict)
    _slots: dict[str, int] = field(default_factory=dict)  # by lane, when they were last looked at
    _turns: list[Lane] = field(default_factory=list)  # the one that has waited longest for a job first
    _missed: set[str] = field(default_factory=set)  # lanes of which it was said that nobody is there
    _renewed: float = 0.0
    _tidy_at: float = 0.0
    _begun: bool = False
    _drained: bool = False  # somebody asked this one to stop

    def run(self, *, watch: bool = False, until: Callable[[], bool] = lambda: False) -> None:
        """Work until the queue is empty, or for ever with `watch`; then an error of the ledger is waited out.

        Once `until` is true, or the ledger asks it to stop, nothing more is claimed, and what runs is brought
        to its end. Whatever ends this early (Ctrl-C, an error) gives the running jobs back at no cost.

        A lane without slots is an error where something waits for it: before anything is claimed, and once
        all else is done. With `watch` it's said once, and waited for.
        """
        self._turns = list(self.lanes)
        try:
            while not self._over(watch=watch, until=lambda: until() or self._drained):
                self._round(watch=watch, claiming=not (until() or self._drained))
            self._guarded(self.ledger.refresh_all, watch)
        finally:
            self._give_back()

    @property
    def drained(self) -> bool:
        return self._drained

    def _over(self, *, watch: bool, until: Callable[[], bool]) -> bool:
        if self._running:
            return False
        if until():
            return True
        if watch:
            return False
        self._fill(watch)
        return not self._running

    def _round(self, *, watch: bool, claiming: bool) -> None:
        if claiming:
            self._guarded(partial(self._fill, watch), watch)
        if self._running:
            wait(self._running, timeout=POLL, return_when=FIRST_COMPLETED)
        else:
            time.sleep(POLL)
        self._guarded(self._collect, watch)
        self._guarded(self._give_signs, watch)
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

    def _fill(self, watch: bool) -> None:
        self.ledger.sweep()
        self._slots = {}  # where the next line raises, nobody is known to be there
        self._slots = {lane.name: lane.slots() for lane in self.lanes}
        absent = [lane for lane in self.lanes if not self._slots[lane.name]]
        if watch:
            self._say(absent)
        elif not self._begun:
            self._refuse(absent)
        self._begun = True
        self._claim()
        if not watch and not self._running:
            self._refuse(absent)

    def _say(self, absent: Sequence[Lane]) -> None:
        news = [lane for lane in absent if lane.name not in self._missed]
        for words in dict.fromkeys(str(lane.absent()) for lane in news):
            log.warning("%s\nuntil then what needs it waits", words)
        self._missed = {lane.name for lane in absent}

    def _refuse(self, absent: Sequence[Lane]) -> None:
        for lane in absent:
            if self.ledger.waits(lane.choice):
                raise lane.absent()

    def _claim(self) -> None:
        """One for each lane in turn: where `most` bounds them together none waits behind the others."""
        asked = list(self._turns)
        while asked and (self.most is None or len(self._running) < self.most):
            lane = asked.pop(0)
            if not self._is_free(lane):
                continue
            job = self.ledger.claim(self.holder, LEASE, lane.choice)
            if job is not None:
                self._running[lane.submit(job)] = job, lane
                self._turns.remove(lane)
                for turns in (self._turns, asked):
                    turns.append(lane)

    def _is_free(self, lane: Lane) -> bool:
        return sum(taken is lane for _, taken in self._running.values()) < self._slots[lane.name]

    def _collect(self) -> None:
        for future in [future for future in self._running if future.done()]:
            job, _ = self._running[future]
            error = future.exception()
            if isinstance(error, Lost):
                self.ledger.release(job, f"gave it back: {error}")
            else:
                self._bring_in(job, _result(future))
            del self._running[future]  # only now: a ledger that didn't answer is asked again

    def _give_signs(self) -> None:
        """Of life, to the ledger alone: whether a cluster's scheduler answers makes no difference."""
        if time.monotonic() - self._renewed > HEARTBEAT:
            self._renewed = time.monotonic()
            for job, _ in self._running.values():
                self.ledger.renew(job)
            self._drained = not self.ledger.seen(self.holder, self._places())

    def _places(self) -> dict[str, int]:
        """By lane, together no more than `most`."""
        left, found = self.most, {}
        for lane in self.lanes:
            slots = self._slots.get(lane.name, 0)
            found[lane.name] = slots if left is None else min(slots, left)
            left = left if left is None else left - found[lane.name]
        return found

    def _bring_in(self, job: Job, report: Report) -> None:
        """What the ledger will never take is our fault, and holds up nobody else. Raises Unavailable."""
        try:
            self._record(job, report)
        except Unavailable:
            raise
        except HeldoutError as error:
            log.exception("#%d could not be recorded", job.ref)
            try:
                self._record(job, _broken(error))
            except Unavailable:
                raise
            except HeldoutError:  # its lease runs out, which counts as an attempt
                log.exception("#%d could not be given back", job.ref)

    def _record(self, job: Job, report: Report) -> None:
        if self.ledger.record(job, report):
            self.recorded(job, report)

    def _give_back(self) -> None:
        for job, _ in self._running.values():
            with suppress(HeldoutError):  # else its lease runs out
                self.ledger.release(job)
        self._running.clear()
        with suppress(HeldoutError):  # its last sign is forgotten in a minute
            self.ledger.left(self.holder)


def _result(future: Future[Report]) -> Report:
    """The report, or a GRADER_ERROR when the job itself broke (a lost worker, an unreadable archive)."""
    error = future.exception()
    return future.result() if error is None else _broken(error)


def _broken(error: BaseException) -> Report:
    return Report(Verdict.GRADER_ERROR, run_seed=0, log="".join(traceback.format_exception(error)))
