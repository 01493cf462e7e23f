"""Which worker does what: one task each, the one that has rested longest first."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cluster import versions
from cluster.link import Link, Seen
from grader.errors import HeldoutError, Unavailable

GRACE = 60.0  # seconds that a worker which was there is waited for: it starts again by itself
PAUSE = 0.02  # seconds between two looks for one that is free

log = logging.getLogger(__name__)


class Lost(Exception):
    """It was never graded, through nobody's fault: the job goes back at no cost."""


class Pool:
    """May be used by several threads. With `wait` a cluster without workers is a cluster yet to come."""

    def __init__(self, link: Link, *, most: int, wait: bool) -> None:
        self._link, self._most, self._wait = link, most, wait
        self._taken: set[str] = set()
        self._rested: dict[str, float] = {}  # since when
        self._taking = threading.Lock()
        self._closed = threading.Event()
        self._told_of_nobody = False
        self._somebody_at = time.monotonic()

    def slots(self, *resources: str, alone: bool = True) -> int:
        """How many can work at a time. Raises Unavailable where that can't be known, or stays none.

        Where everybody has just gone, one is said to be there: its job waits for who comes back.
        """
        count, now = self._count(resources), time.monotonic()
        if count or self._taken:  # one that stops still ends what it has begun
            self._told_of_nobody, self._somebody_at = False, now
        if count or not alone:
            return count
        if not self._wait:
            if now - self._somebody_at > GRACE:
                raise self.nobody()
            return 1
        if not self._told_of_nobody:
            log.warning("%s", self.nobody())
            self._told_of_nobody = True
        return 0

    def nobody(self) -> HeldoutError:
        for name, words in self._link.refused.items():
            return versions.refusal(name, words)
        return Unavailable(
            "no worker is there",
            expected="a worker, on this machine or others, at the same scheduler",
            next_step="heldout worker SCHEDULER",
        )

    @contextmanager
    def one(self, resource: str) -> Iterator[Seen]:
        """A worker for one task. Raises Lost, or HeldoutError where none offers the resource any more."""
        worker = self._one(resource)
        try:
            yield worker
        finally:
            with self._taking:
                self._taken.discard(worker.address)
                self._rested[worker.address] = time.monotonic()

    def close(self) -> None:
        self._closed.set()

    def _count(self, resources: tuple[str, ...]) -> int:
        there = self._link.workers().values()
        return min(self._most, sum(worker.resource in resources for worker in there))

    def _one(self, resource: str) -> Seen:
        since = time.monotonic()
        while not self._closed.is_set():
            try:
                if (worker := self._free(resource)) is not None:
                    return worker
                offered = self._count((resource,))
                others = len(self._link.workers())
            except HeldoutError as error:
                self._link.look_again()
                raise Lost(str(error)) from error
            since = time.monotonic() if offered else since
            if time.monotonic() - since > GRACE:
                raise self._not_offered(resource) if others else Lost("no worker is there any more")
            self._closed.wait(PAUSE)
        raise Lost("this grader was told to stop")

    def _free(self, resource: str) -> Seen | None:
        with self._taking:
            known = self._link.workers()
            candidates = [
                worker
                for address, worker in known.items()
                if worker.resource == resource and address not in self._taken
            ]
            if not candidates:
                return None
            busy = self._link.busy()  # another grader's, perhaps
            free = [worker for worker in candidates if worker.address not in busy]
            if not free:
                return None
            self._rested = {address: at for address, at in self._rested.items() if address in known}
            chosen = min(free, key=lambda worker: self._rested.get(worker.address, 0.0))
            self._taken.add(chosen.address)
            return chosen

    def _not_offered(self, resource: str) -> HeldoutError:
        return HeldoutError(
            f"no worker offers a {resource}",
            where=f"for {GRACE:g} s",
            expected=f"a worker with a {resource}",
            next_step="start one: heldout worker SCHEDULER --gpus auto",
        )
