"""Which worker does what: one task each, the one that has rested longest first."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cluster import versions
from cluster.link import Link, Seen
from cluster.worker import GPU
from grader.autograde import Lost
from grader.errors import HeldoutError, Unavailable

GRACE = 60.0  # seconds that a worker which was there is waited for: it starts again by itself
PAUSE = 0.02  # seconds between two looks for one that is free


class Pool:
    """May be used by several threads. With `wait` a cluster without workers is a cluster yet to come."""

    def __init__(self, link: Link, *, wait: bool) -> None:
        self._link, self._wait = link, wait
        self._taken: dict[str, str] = {}  # what each offers, by address
        self._rested: dict[str, float] = {}  # since when
        self._taking = threading.Lock()
        self._closed = threading.Event()
        self._there_at: dict[str, float] = {}  # when somebody last offered a resource

    def slots(self, resource: str) -> int:
        """How many can work at a time. Raises Unavailable where that can't be known.

        Without `wait`, where everybody has just gone, one is said to be there: its job waits for who comes
        back.
        """
        count, now = self._count(resource), time.monotonic()
        if count or resource in [*self._taken.values()]:  # one that stops still ends what it has begun
            self._there_at[resource] = now
        if count or self._wait or resource not in self._there_at:
            return count
        return int(now - self._there_at[resource] <= GRACE)

    def nobody(self, resource: str) -> HeldoutError:
        """Why there are none, in words; from what is known, without asking again."""
        for name, words in self._link.refused.items():
            return versions.refusal(name, words)
        others = sorted({worker.resource for worker in self._link.known.values()})
        if not others:
            return Unavailable(
                "no worker is there",
                expected="a worker, on this machine or others, at the same scheduler",
                next_step="heldout worker SCHEDULER",
            )
        gpu = resource == GPU
        return Unavailable(
            f"a {resource} is needed, and no worker offers one",
            where=f"{len(self._link.known)} workers, of: {', '.join(others)}",
            expected="a worker on a machine with an NVIDIA GPU" if gpu else "a worker with slots for CPUs",
            next_step="`heldout worker SCHEDULER --gpus auto` there; `heldout doctor` tries one"
            if gpu
            else "`heldout worker SCHEDULER --slots 1`",
        )

    @contextmanager
    def one(self, resource: str) -> Iterator[Seen]:
        """A worker for one task. Raises Lost where none offers the resource any more, or none is known of."""
        worker = self._one(resource)
        try:
            yield worker
        finally:
            with self._taking:
                del self._taken[worker.address]
                self._rested[worker.address] = time.monotonic()

    def close(self) -> None:
        self._closed.set()

    def _count(self, resource: str) -> int:
        return sum(worker.resource == resource for worker in self._link.workers().values())

    def _one(self, resource: str) -> Seen:
        since = time.monotonic()
        while not self._closed.is_set():
            try:
                if (worker := self._free(resource)) is not None:
                    return worker
                offered = self._count(resource)
            except HeldoutError as error:
                self._link.look_again()
                raise Lost(error.what) from error
            since = time.monotonic() if offered else since
            if time.monotonic() - since > GRACE:
                raise Lost(f"no worker offers a {resource} any more")
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
            self._taken[chosen.address] = resource
            return chosen
