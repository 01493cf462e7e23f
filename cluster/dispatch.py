"""Grading by workers of a cluster: tasks go out, parts of the course where they lack, reports come back.

The ledger is claimed from here and recorded into here; no worker knows of it. Each task has a worker to
itself: one that dies takes nothing else along.
"""

import logging
import pickle
import secrets
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distributed.scheduler import KilledWorker

from cluster import settings, work
from cluster.addresses import Address
from cluster.link import Link, Seen
from cluster.parts import Missing, Stock
from cluster.pool import Lost, Pool
from cluster.worker import CPU, GPU
from grader.autograde import Lane
from grader.bench import CourseSupply
from grader.errors import HeldoutError
from grader.outline import RunKind
from grader.report import Job, Report, Verdict
from grader.student import Progress, Watch
from grader.task import Task

LOOK = 1.0  # seconds between two looks whether a worker is still there
FETCH = 60.0  # seconds for a report that is there
LOOKS = 4  # in a row that find it gone: a report may still be on its way
MOST_THREADS = 1_000  # one for each task that is out
DELIVERIES = 2  # parts that are on their way at a time: each is in memory here
ROUNDS = 5  # that a worker may ask for parts, for one task
TRAININGS = frozenset({RunKind.TRAIN})
OTHERS = frozenset(RunKind) - TRAININGS

log = logging.getLogger(__name__)


class Gone(Exception):
    """The worker left in good order: somebody else does it."""


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

    Raises HeldoutError when the scheduler doesn't answer, nobody has our versions, or no worker offers a GPU
    that is needed; one who is to `wait` for workers waits for all but the GPU.
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
        self._stock = Stock(supply)
        self._train_on_gpu, self._some_on_gpu = supply.needs_gpu
        self._ears: dict[str, Ears] = {}
        self._hearing = threading.Lock()
        self._delivering = threading.Semaphore(DELIVERIES)
        self._threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="dispatching")
        security = settings.security(address, certificates, "grader")
        self._link = Link(address, security, secrets.token_hex(8), self._hear)
        self._pool = Pool(self._link, most=most or MOST_THREADS, wait=wait)
        self._check(wait=wait)

    def lanes(self, grade_job: Callable[[Job], Report]) -> Sequence[Lane]:
        def submit(job: Job) -> Future[Report]:
            return self._submit(grade_job, job)

        if self._train_on_gpu:
            return [
                Lane("gpu", submit, lambda: self._pool.slots(GPU), TRAININGS),
                Lane("cpu", submit, lambda: self._pool.slots(CPU, alone=False), OTHERS),
            ]
        return [Lane("cluster", submit, lambda: self._pool.slots(*self._needed()))]

    def grade(self, task: Task, progress: Progress, watch: Watch) -> Report:
        """Raises Lost where it was never graded, HeldoutError where it can't be."""
        task = self._stock.equip(task)
        order = pickle.dumps(task)
        while True:
            with self._pool.one(GPU if task.needs_gpu else CPU) as worker:
                try:
                    return self._on(worker, task, order, Ears(progress, watch))
                except Gone:
                    log.warning("worker %s left; #%d goes to another", worker.name, task.ref)

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
                if not isinstance(outcome, Missing):
                    return _report(outcome, worker, task)
                for sha256 in outcome.sha256s:
                    self._deliver(worker, sha256)
            raise HeldoutError(
                f"the worker {worker.name} loses what it is sent", expected="room in its cache"
            )
        except KilledWorker:
            self._link.look_again()
            log.warning("worker %s died while it graded #%d", worker.name, task.ref)
            told = f"The worker {worker.name} died, or was cut off, while it graded this.\n"
            return Report(Verdict.GRADER_ERROR, task.run_seed, log=told)
        finally:
            with self._hearing:
                del self._ears[key]

    def _deliver(self, worker: Seen, sha256: str) -> None:
        with self._delivering:
            wrong = self._ask(worker, work.deliver, sha256, self._stock.part(sha256))
        if wrong:
            raise HeldoutError(f"the worker {worker.name} can't keep what it is sent", where=wrong)

    def _ask(self, worker: Seen, function: Callable[..., Any], *arguments: object) -> Any:
        """Raises KilledWorker, Gone, or Lost with the connection."""
        asked = None
        try:
            asked = self._link.client().submit(
                function,
                *arguments,
                key=f"{function.__name__}-{uuid.uuid4().hex}",
                workers=[worker.address],
                resources={worker.resource: 1},
                pure=False,
            )
            self._wait_for(asked, worker)
            return asked.result(timeout=FETCH)
        except TimeoutError as error:
            raise Gone from error
        except CancelledError as error:
            self._link.look_again()
            raise Lost("the connection to the scheduler was lost") from error
        except HeldoutError as error:
            raise Lost(str(error)) from error
        finally:
            if asked is not None:
                asked.release()  # at once: a worker that dies now takes nothing along that is wanted

    def _wait_for(self, asked: Any, worker: Seen) -> None:
        """Raises Gone. Not by `asked.result(timeout)`: a wait that ends while a result arrives breaks it."""
        done, absent = threading.Event(), 0
        asked.add_done_callback(lambda _: done.set())
        while not (done.wait(LOOK) or asked.done()):
            absent = absent + 1 if self._departed(worker) else 0
            if absent == LOOKS:
                asked.cancel()
                raise Gone

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

    def _check(self, *, wait: bool) -> None:
        workers = self._link.workers()
        offered = {worker.resource for worker in workers.values()}
        if not workers and not wait:
            raise self._pool.nobody()
        needed = self._needed()
        if GPU in needed and GPU not in offered and (self._train_on_gpu or not wait):
            raise HeldoutError(
                "a GPU is needed, and no worker offers one",
                where=f"{len(workers)} workers, of: {', '.join(sorted(offered)) or 'nothing'}",
                expected="a worker on a machine with an NVIDIA GPU",
                next_step="`heldout worker SCHEDULER --gpus auto` there; `heldout doctor` tries one",
            )

    def _needed(self) -> tuple[str, ...]:
        """What may be asked for, by the assignments of the course."""
        if self._train_on_gpu:
            return (GPU,)
        return (CPU, GPU) if self._some_on_gpu else (CPU,)


def _report(outcome: Any, worker: Seen, task: Task) -> Report:
    if not isinstance(outcome, Report):
        return Report(Verdict.GRADER_ERROR, task.run_seed, log=f"On worker {worker.name}:\n{outcome}")
    used = outcome.resources
    return replace(outcome, resources=replace(used, layers=(*used.layers, f"worker {worker.name}")))


def _run(grade_job: Callable[[Job], Report], job: Job, future: Future[Report]) -> None:
    try:
        future.set_result(grade_job(job))
    except Lost as error:
        log.warning("#%d is given back: %s", job.ref, error)
        future.cancel()
        future.set_running_or_notify_cancel()  # wakes who waits
    except Exception as error:  # noqa: BLE001 — it is raised again where the future is asked
        future.set_exception(error)
