"""Everybody hands in in the last minute: processes of several clients each, and a deadline that passes."""

import ctypes
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from grader.archive import Archive
from grader.errors import HeldoutError
from grader.rules import Rules
from leaderboard.receive import receive
from leaderboard.records import Receipt
from leaderboard.store import Store
from tests.leaderboard.cases import assignment
from tests.leaderboard.victims import Course, processes

PROCESSES, THREADS = 10, 5
IN_TIME = 0.9  # of all, when the deadline passes


@dataclass(frozen=True)
class Handed:
    """One call: the archive, when it came by the server's clock, and the receipt or what was said instead."""

    team: str
    data: bytes
    arrived: datetime
    answer: Receipt | str
    seconds: float


@dataclass
class Clock:
    """The server's: the real one, which the test puts forward. Remembers what it first told each thread."""

    ahead: ctypes.c_double  # seconds
    told: threading.local = field(default_factory=threading.local)

    def __call__(self) -> datetime:
        now = datetime.now(UTC) + timedelta(seconds=self.ahead.value)
        if self.told.first is None:
            self.told.first = now
        return now


def rush(course: Course, deadline: datetime, each: int) -> list[Handed]:
    """Every client hands in `each` archives, one after the other, as fast as it gets answers."""
    ahead = processes.RawValue(ctypes.c_double, 0.0)
    done: Any = processes.RawArray(ctypes.c_int, PROCESSES * THREADS)
    shared = (course, deadline, ahead, done)
    with ProcessPoolExecutor(PROCESSES, processes, _join, shared) as pool:
        working = [pool.submit(_clients, place * THREADS, each) for place in range(PROCESSES)]
        while sum(done) < IN_TIME * len(done) * each and not all(one.done() for one in working):
            time.sleep(0.01)
        ahead.value = (deadline - datetime.now(UTC)).total_seconds()
        return [handed for one in working for handed in one.result()]


def _join(course: Course, deadline: datetime, ahead: ctypes.c_double, done: Any) -> None:
    global _shared
    _shared = course, deadline, Clock(ahead), done


_shared: tuple[Course, datetime, Clock, Any]


def _clients(first: int, each: int) -> list[Handed]:
    course, _, clock, _ = _shared
    with Store.open(course.url, clock=clock) as store, ThreadPoolExecutor(THREADS) as threads:
        working = [
            threads.submit(lambda number: [*_client(store, number, each)], first + n) for n in range(THREADS)
        ]
        return [handed for one in working for handed in one.result()]


def _client(store: Store, number: int, each: int) -> Iterator[Handed]:
    course, deadline, clock, done = _shared
    due = replace(assignment(), rules=Rules(deadline=deadline, daily=None, pending=None))
    for turn in range(each):
        started, clock.told.first = time.monotonic(), None
        data, team = f"{number} {turn} ".encode() * 2000, f"team {number}"
        answer: Receipt | str
        try:
            answer = receive(store, course.shelf, Archive(data, "model.zip"), team=team, assignment=due)
        except HeldoutError as error:
            answer = str(error)
        done[number] += 1
        yield Handed(team, data, clock.told.first, answer, time.monotonic() - started)
