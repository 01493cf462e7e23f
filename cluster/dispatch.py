"""Grading by workers of a cluster: tasks go out, parts of the course where they lack, reports come back.

The ledger is claimed from here and recorded into here; no worker knows of it. Each task has a worker to
itself: one that dies takes nothing else along.
"""

import logging
import pickle
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from distributed.scheduler import KilledWorker

from cluster import settings, work
from cluster.addresses import Address
from cluster.link import Link, Seen
from cluster.parts import Missing, Stock, Withdrawn
from cluster.pool import Pool
from cluster.worker import CPU, GPU
from grader.autograde import Lane, Lost
from grader.bench import CourseSupply
from grader.errors import HeldoutError
from grader.report import EVERYTHING, WORKER, Choice, Job, Report, Verdict
from grader.student import Progress, Watch
from grader.task import Task

LOOK = 1.0  # seconds between two looks whether a worker is still there
FETCH = 60.0  # seconds for a report that is there
DELIVERY = 1800.0  # seconds for a part of a course
MOVES = 5  # workers that one after the other leave a task undone, before it is given back
LOOKS = 4  # in a row that find it gone: a report may still be on its way
MOST_THREADS = 1_000  # one for each task that is out
DELIVERIES = 2  # parts that are on their way at a time: each is in memory here
ROUNDS = 5  # that a worker may ask for parts, for one task

log = logging.getLogger(__name__)


class Gone(Exception):
    """The worker left in good order: somebody else does it."""


class Broken(Exception):
    """The worker did not do what was asked of it: an attempt that broke on our side."""


@dataclass(frozen=True)
class Ears:
    """Who hears of one task."""

    progress: Progress
    watch: Watch

    def hear(self, note: work.Note) -> None:
        if note.tail is None:
            self.progress(note.phase, note.done, note.total)
        else:
            self.watch(note.phase, note.done, note.total, note.tail)


class Dispatcher:
    """A cluster as who grades.

    Raises HeldoutError when the scheduler doesn't answer, nobody has our versions, or no worker offers what
    is asked for: one who is to `wait` waits for those.
    """

    def __init__(
        self,
        supply: CourseSupply,
        address: Address,
        certificates: Path | None,
        *,
        most: int | None = None,
        wait: bool = False,
    ) -> None:
        """`most`: tasks that are out at a time; by default as many as there are workers."""
        settings.configure(logging.CRITICAL)
        self.most = most
        self._stock = Stock(supply)
        self._on_gpus = supply.on_gpus()
        self._ears: dict[str, Ears] = {}
        self._hearing = threading.Lock()
        self._delivering = threading.Semaphore(DELIVERIES)
        self._threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="dispatching")
        security = settings.security(address, certificates, "grader")
        self._link = Link(address, security, secrets.token_hex(8), self._hear)
        self._pool = Pool(self._link, wait=wait)
        if not wait:
            self._check(GPU if supply.device == "cuda" else "")

    def lanes(self, grade_job: Callable[[Job], Report]) -> Sequence[Lane]:
        def submit(job: Job) -> Future[Report]:
            return self._submit(grade_job, job)

        def lane(name: str, resource: str, choice: Choice) -> Lane:
            slots, absent = partial(self._pool.slots, resource), partial(self._pool.nobody, resource)
            return Lane(name, submit, slots, choice, absent)

        if not self._on_gpus:
            return [lane("cluster", CPU, EVERYTHING)]
        return [
            lane("cluster gpu", GPU, Choice(self._on_gpus, others=False)),
            lane("cluster cpu", CPU, Choice(self._on_gpus)),
        ]

    def grade(self, task: Task, progress: Progress, watch: Watch) -> Report:
        """Raises Lost where it was never graded, HeldoutError where it can't be."""
        task = self._stock.equip(task)
        order = pickle.dumps(task)
        for _ in range(MOVES):
            with self._pool.one(GPU if task.needs_gpu else CPU) as worker:
                try:
                    return self._on(worker, task, order, Ears(progress, watch))
                except Gone as error:
                    log.warning("worker %s left%s; #%d goes to another", worker.name, error, task.ref)
                except (Broken, KilledWorker) as error:
                    return self._broken(worker, task, error)
        raise Lost(f"{MOVES} workers left, one after the other, before they had graded it")

    def stop(self) -> None:
        self._pool.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        self._link.close()

    # ------------------------------------------------------------ one task

    def _on(self, worker: Seen, task: Task, order: bytes, ears: Ears) -> Report:
        key = f"grade-{uuid.uuid4().hex}"
        with self._hearing:
            self._ears[key] = ears
        try:
            for _ in range(ROUNDS):
                outcome = self._ask(worker, work.perform, order, self._link.topic, key)
                if isinstance(outcome, Withdrawn):
                    self._link.look_again()
                    raise Gone(f": {outcome.why}")
                if not isinstance(outcome, Missing):
                    return _report(outcome, worker, task)
                for sha256 in outcome.sha256s:
                    self._deliver(worker, sha256)
            raise Broken("loses what it is sent: is there room for its cache?")
        finally:
            with self._hearing:
                del self._ears[key]

    def _broken(self, worker: Seen, task: Task, error: Exception) -> Report:
        self._link.look_again()
        if isinstance(error, KilledWorker):
            log.warning("worker %s died while it graded #%d", worker.name, task.ref)
            error = Broken("died, or was cut off, while it graded this.")
        else:
            log.warning("#%d: worker %s %s", task.ref, worker.name, error)
        return Report(Verdict.GRADER_ERROR, task.run_seed, log=f"The worker {worker.name} {error}\n")

    def _deliver(self, worker: Seen, sha256: str) -> None:
        """Whatever else the worker does: nobody's grading is waited for."""
        with self._delivering:
            wrong = self._ask(worker, work.deliver, sha256, self._stock.part(sha256), seconds=DELIVERY)
        if wrong:
            raise Broken(f"can't keep what it is sent:\n{wrong}")

    def _ask(
        self,
        worker: Seen,
        function: Callable[..., Any],
        *arguments: object,
        seconds: float | None = None,
    ) -> Any:
        """By default for as long as it takes, in the worker's one place: it watches its own gradings.

        Raises KilledWorker, Broken, Gone, or Lost with the connection.
        """
        asked = None
        try:
            asked = self._link.client().submit(
                function,
                *arguments,
                key=f"{function.__name__}-{uuid.uuid4().hex}",
                workers=[worker.address],
                resources={worker.resource: 1} if seconds is None else None,
                pure=False,
            )
            self._wait_for(asked, worker, seconds)
            return self._fetched(asked, worker)
        except CancelledError as error:
            self._link.look_again()
            raise Lost("the connection to the scheduler was lost") from error
        except HeldoutError as error:
            raise Lost(error.what) from error
        finally:
            if asked is not None:
                asked.release()  # at once: a worker that dies now takes nothing along that is wanted

    def _fetched(self, asked: Any, worker: Seen) -> Any:
        try:
            return asked.result(timeout=FETCH)
        except TimeoutError as error:
            if self._departed(worker):
                raise Gone from error
            raise Broken(f"did not hand over its report within {FETCH:g} s.") from error

    def _wait_for(self, asked: Any, worker: Seen, seconds: float | None) -> None:
        """Raises Gone, or Broken after so many seconds.

        Not by `asked.result(timeout)`: a wait that ends while a result arrives breaks it.
        """
        done, absent, since = threading.Event(), 0, time.monotonic()
        asked.add_done_callback(lambda _: done.set())
        while not (done.wait(LOOK) or asked.done()):
            absent = absent + 1 if self._departed(worker) else 0
            late = seconds is not None and time.monotonic() - since > seconds
            if late or absent == LOOKS:
                asked.cancel()
                raise Broken(f"did not take what it was sent within {seconds:g} s.") if late else Gone

    def _departed(self, worker: Seen) -> bool:
        """One that is told to stop is no longer offered, but finishes what it has begun."""
        return worker.address not in self._link.workers() and worker.address not in self._link.busy()

    def _hear(self, message: Mapping[str, Any]) -> None:
        with self._hearing:
            if ears := self._ears.get(message["key"]):
                for note in message["notes"]:
                    ears.hear(work.Note(*note))

    # ------------------------------------------------------------ all of them

    def _submit(self, grade_job: Callable[[Job], Report], job: Job) -> Future[Report]:
        future: Future[Report] = Future()
        self._threads.submit(_run, grade_job, job, future)
        return future

    def _check(self, needed: str) -> None:
        offered = {worker.resource for worker in self._link.workers().values()}
        if not offered or (needed and needed not in offered):
            raise self._pool.nobody(needed)


def _report(outcome: Any, worker: Seen, task: Task) -> Report:
    if not isinstance(outcome, Report):
        return Report(Verdict.GRADER_ERROR, task.run_seed, log=f"On worker {worker.name}:\n{outcome}")
    used = outcome.resources
    return replace(outcome, resources=replace(used, layers=(*used.layers, f"{WORKER}{worker.name}")))


def _run(grade_job: Callable[[Job], Report], job: Job, future: Future[Report]) -> None:
    try:
        future.set_result(grade_job(job))
    except Lost as error:
        log.warning("#%d is given back: %s", job.ref, error)
        future.set_exception(error)
    except Exception as error:  # noqa: BLE001 — it is raised again where the future is asked
        future.set_exception(error)
