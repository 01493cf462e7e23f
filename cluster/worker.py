"""One process that grades, one task at a time: what `heldout worker` starts for each slot."""

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from distributed import Worker
from distributed.core import Status

from cluster import settings, versions
from cluster.addresses import Address
from cluster.parts import Lacking, Missing, ShelfSupply, Withdrawn
from cluster.shelf import Shelf
from cluster.work import Voice
from grader import gpus
from grader.bench import Bench
from grader.report import Report
from grader.sandbox import Sandbox
from grader.sandbox.probe import choose
from grader.task import Task

CPU, GPU = "CPU", "GPU"
WITHDRAWN = 4  # exit status of a worker whose GPU is quarantined
LEAVING = 5.0  # seconds
FETCHED = 30.0  # seconds that a finished report is kept for, before this process ends


@dataclass(frozen=True)
class Slot:
    """`name`: as others see it, never used twice. `gpu`: the number of the one that it has, or None."""

    name: str
    scheduler: Address
    certificates: Path | None
    sandbox: str
    cache: Path
    scratch: Path  # its own
    host: str = ""  # to listen on; by default the address that leads to the scheduler
    gpu: int | None = None

    @property
    def resource(self) -> str:
        return CPU if self.gpu is None else GPU


class Hands:
    """The bench of this process, and the shelf of this machine. `withdraw`: called where it can't go on."""

    def __init__(self, slot: Slot, sandbox: Sandbox) -> None:
        self.shelf = Shelf(slot.cache)
        self.withdraw: Callable[[], object] = lambda: None
        self._gpu = slot.gpu
        self._supply = ShelfSupply(self.shelf, slot.scratch)
        self._bench = Bench(self._supply, sandbox)

    @property
    def sound(self) -> bool:
        """False once its GPU is quarantined: then nothing is graded here any more."""
        return self._gpu is None or not gpus.mark(self._gpu).exists()

    def grade(self, task: Task, voice: Voice) -> Report | Missing | Withdrawn:
        """What leaves a GPU unclean is judged all the same: else it would spoil all of them, at no cost."""
        found = self._graded(task, voice) if self.sound else Withdrawn(f"GPU {self._gpu} is quarantined")
        if not self.sound:
            self.withdraw()
        return found

    def _graded(self, task: Task, voice: Voice) -> Report | Missing:
        if missing := self._supply.lacking(task):
            return Missing(missing)
        try:
            return self._bench.grade(task, voice.progress, voice.watch)
        except Lacking as error:  # it went while it was looked for, or was not what was sent
            return Missing((error.sha256,))


class GradingWorker(Worker):
    """Dask's, without a web server: nobody needs one, and it would be open to all."""

    def __init__(self, slot: Slot, hands: Hands, **more: Any) -> None:
        self.hands, self._leaving = hands, False
        super().__init__(
            str(slot.scheduler),
            name=slot.name,
            nthreads=2,  # parts of courses are taken in while it grades; of gradings the resource allows one
            resources={slot.resource: 1},
            memory_limit=0,
            local_directory=str(slot.scratch),
            host=slot.host or ("127.0.0.1" if slot.scheduler.is_loopback else None),
            protocol=slot.scheduler.scheme,
            security=settings.security(slot.scheduler, slot.certificates, "worker"),
            startup_information={"heldout": _told},
            dashboard=False,
            **more,
        )

    def start_http_server(self, *arguments: object, **more: object) -> None: ...

    async def handle_scheduler(self, comm: Any) -> None:
        """Without a scheduler nobody wants what runs: this process ends, and its sandboxes with it."""
        try:
            await self.handle_stream(comm)
        finally:
            if not self._leaving:
                os._exit(0)

    async def drain(self) -> None:
        """Take nothing new, bring what runs to its end, wait until it was fetched."""
        self.status = Status.paused
        while self.state.executing:
            await asyncio.sleep(0.05)
        loop = asyncio.get_running_loop()
        until = loop.time() + FETCHED
        while self.data and loop.time() < until:
            await asyncio.sleep(0.05)

    async def leave(self) -> None:
        """At once: what runs is given to another worker, as nobody's fault."""
        self._leaving = True
        with suppress(Exception):
            asked = self.scheduler.retire_workers(
                workers=[self.address], close_workers=False, remove=True, stimulus_id="leaving"
            )
            await asyncio.wait_for(asked, LEAVING)


def _told(worker: Worker) -> Mapping[str, str]:
    return versions.own()


def name_of(number: int) -> str:
    """Never one that a scheduler still knows: it would refuse it.

    >>> name_of(0) != name_of(0)
    True
    """
    return f"{socket.gethostname()}:{number}:{os.urandom(2).hex()}"


def work(slot: Slot) -> None:
    """Until told to stop (SIGTERM: what runs is finished; twice: it isn't), or the scheduler goes away.

    Raises HeldoutError when the sandbox, the certificates or the cache can't be used: then it never joins.
    """
    settings.configure()
    with closing(choose(slot.sandbox, resident=True)) as sandbox:
        hands = Hands(slot, sandbox)
        asyncio.run(_work(slot, hands))
    os._exit(0 if hands.sound else WITHDRAWN)  # Dask's threads would be waited for


async def _work(slot: Slot, hands: Hands) -> None:
    loop, stopping = asyncio.get_running_loop(), Stopping()
    hands.withdraw = partial(loop.call_soon_threadsafe, stopping.once.set)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping)
    threading.Thread(target=_follow_the_parent, daemon=True).start()
    worker = GradingWorker(slot, hands)
    starting = asyncio.ensure_future(worker)
    told = asyncio.ensure_future(stopping.once.wait())
    await asyncio.wait([starting, told], return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():  # no scheduler answers, and nobody waits for one any more
        os._exit(0)
    await starting
    print(f"The worker {slot.name} is at work for {slot.scheduler}", file=sys.stderr, flush=True)
    ending = asyncio.ensure_future(worker.finished())  # type: ignore[no-untyped-call]
    await asyncio.wait([ending, told], return_when=asyncio.FIRST_COMPLETED)
    draining = asyncio.ensure_future(worker.drain())
    hurry = asyncio.ensure_future(stopping.twice.wait())
    await asyncio.wait([draining, hurry], return_when=asyncio.FIRST_COMPLETED)
    await worker.leave()
    if not draining.done():
        os._exit(0)


class Stopping:
    """What one was told by signals."""

    def __init__(self) -> None:
        self.once, self.twice = asyncio.Event(), asyncio.Event()

    def __call__(self) -> None:
        (self.twice if self.once.is_set() else self.once).set()


def _follow_the_parent() -> None:
    """Standard input ends when who started this one has gone."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
