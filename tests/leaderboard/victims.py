"""Processes made to be killed: receivers and graders of one course, each saying which stage it is in.

What they run is the product's own. Around it, stages that are over in a blink are drawn out, so that kills
fall into each of them, and between any two of its statements.
"""

import ctypes
import hashlib
import multiprocessing
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import IntEnum
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from grader import autograde
from grader.archive import Archive, fetch
from grader.errors import HeldoutError
from grader.report import EVERYTHING, Choice, Job, Report
from grader.rules import Rules
from grader.spec import Assignment
from leaderboard.receive import receive
from leaderboard.records import Receipt
from leaderboard.store import Store
from tests.leaderboard.cases import assignment, probed

LEASE, HEARTBEAT, POLL = 1.5, 0.4, 0.05  # seconds: of these graders
SLOTS = 2
RULES = Rules(daily=None, pending=3)  # the clients wait for the graders

# Starts a process in milliseconds; forked from one that has no threads and no open database.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])


class Stage(IntEnum):
    """Of a grader with several jobs it is that of the foremost."""

    STARTING = -1
    BETWEEN = 0  # nothing in hand
    RECEIVED = 1  # from the first byte to the shelf, over the row's commit, to the receipt
    CLAIMED = 2  # leased, being graded
    GRADED = 3  # the report is there, not recorded
    RECORDING = 4  # inside `Store.record`


STAGES = (Stage.RECEIVED, Stage.CLAIMED, Stage.GRADED, Stage.RECORDING)


@dataclass(frozen=True)
class Course:
    url: str
    shelf: Path

    def store(self) -> Store:
        return Store.open(self.url, assignments=rushed)


def rushed(slug: str = "denoising") -> Assignment:
    return replace(assignment(), slug=slug, rules=RULES)


def report_of(data: bytes) -> Report:
    """What grading would find, of the bytes alone."""
    rng = np.random.default_rng([*hashlib.sha256(data).digest()])
    return probed(rng.normal(20 + rng.normal(), 1.0, 32))


@dataclass
class Victim:
    """A process that is to be killed; `line`, of a receiver: an order goes in, a receipt comes out."""

    process: BaseProcess
    now: ctypes.c_int
    line: Connection | None = None

    @property
    def stage(self) -> Stage:
        return Stage(self.now.value)

    def kill(self) -> Stage:
        """SIGKILL; returns the stage in which it died."""
        self.process.kill()
        self.process.join()
        assert self.process.exitcode == -9, f"it had ended by itself: {self.process.exitcode}"
        return self.stage


def start_receiver(course: Course) -> Victim:
    line, far_end = processes.Pipe()
    now = processes.RawValue(ctypes.c_int, Stage.STARTING)
    process = processes.Process(target=_receiver, args=(course, now, far_end), daemon=True)
    process.start()
    far_end.close()
    return Victim(process, now, line)


def start_grader(course: Course, over: ctypes.c_bool) -> Victim:
    now = processes.RawValue(ctypes.c_int, Stage.STARTING)
    process = processes.Process(target=_grader, args=(course, now, over), daemon=True)
    process.start()
    return Victim(process, now)


def _receiver(course: Course, now: ctypes.c_int, line: Connection) -> None:
    _draw_out(now)
    with course.store() as store:
        now.value = Stage.BETWEEN
        while True:
            try:
                team, data = line.recv()
            except EOFError:
                return
            now.value = Stage.RECEIVED
            line.send(_receive(store, course, team, data))
            now.value = Stage.BETWEEN


def _receive(store: Store, course: Course, team: str, data: bytes) -> Receipt | str:
    archive = Archive(data, "model.zip")
    try:
        return receive(store, course.shelf, archive, team=team, assignment=rushed())
    except HeldoutError as error:
        return str(error)


def _grader(course: Course, now: ctypes.c_int, over: ctypes.c_bool) -> None:
    _draw_out(now)
    with course.store() as store, ThreadPoolExecutor(SLOTS) as threads:
        now.value = Stage.BETWEEN
        grade(Watched(store, now), threads, course, until=lambda: over.value)


def grade(
    ledger: autograde.Ledger, threads: ThreadPoolExecutor, course: Course, *, until: Callable[[], bool]
) -> None:
    """A grader with short leases, until it is told to stop."""
    autograde.LEASE, autograde.HEARTBEAT, autograde.POLL = LEASE, HEARTBEAT, POLL
    autograde.PAUSE, autograde.TIDY = 0.2, 0.5

    def grade_job(job: Job) -> Report:
        time.sleep(random.uniform(0.005, 0.05))
        return report_of(fetch(course.shelf, job.sha256))

    lanes = [autograde.local_lane(threads, grade_job, SLOTS)]
    autograde.Autograder(ledger, lanes).run(watch=True, until=until)


def _draw_out(now: ctypes.c_int) -> None:
    """A moment before each statement of a receiver and a recorder, and one after their commits."""
    short = (Stage.RECEIVED, Stage.RECORDING)

    @event.listens_for(Engine, "before_cursor_execute")
    def before(*_: object) -> None:
        if now.value in short:
            time.sleep(0.0005)

    @event.listens_for(Session, "after_commit")
    def after(_: object) -> None:
        if now.value in short:
            time.sleep(0.005)


@dataclass
class Watched:
    """The ledger as a grader sees it, which notes where the grader is."""

    store: Store
    now: ctypes.c_int
    jobs: set[int] = field(default_factory=set)

    def claim(self, holder: str, lease_seconds: float, choice: Choice = EVERYTHING) -> Job | None:
        job = self.store.claim(holder, lease_seconds, choice)
        if job is not None:
            self.jobs.add(job.ref)
            self.now.value = Stage.CLAIMED
        return job

    def record(self, job: Job, report: Report) -> bool:
        self.now.value = Stage.GRADED
        time.sleep(random.uniform(0.01, 0.04))
        self.now.value = Stage.RECORDING
        won = self.store.record(job, report)
        self.jobs.discard(job.ref)
        self.now.value = Stage.CLAIMED if self.jobs else Stage.BETWEEN
        return won

    def sweep(self) -> int:
        return self.store.sweep()

    def renew(self, job: Job) -> bool:
        return self.store.renew(job)

    def waits(self, choice: Choice) -> bool:
        return self.store.waits(choice)

    def release(self, job: Job, why: str = "was stopped") -> bool:
        return self.store.release(job, why)

    def refresh_all(self) -> None:
        self.store.refresh_all()

    def seen(self, holder: str, lanes: Mapping[str, int]) -> bool:
        return self.store.seen(holder, lanes)

    def left(self, holder: str) -> None:
        self.store.left(holder)
