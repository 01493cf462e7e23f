"""The workers of one machine: a process for each slot, started again when it ends before it should."""

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cluster.work import HUNG
from cluster.worker import WITHDRAWN, Slot, name_of
from grader import gpus
from grader.errors import HeldoutError
from grader.sandbox import gpu

UNFIT = 3  # exit status of a worker that can't work here: to start it again helps nobody
PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds before a worker is started again; twice as long each time
SETTLED = 60.0  # seconds that one has to live for that to be forgotten
POLL = 0.1

log = logging.getLogger(__name__)


def plan(slots: int | None, offered: str, *, cores: int, present: Sequence[int]) -> list[int | None]:
    """What each slot has: the number of its GPU, or None. By default a slot a core, one of them for each GPU.

    Raises HeldoutError for a GPU that isn't there.

    >>> plan(None, "auto", cores=4, present=[0])
    [0, None, None, None]
    >>> plan(2, "none", cores=4, present=[0])
    [None, None]
    """
    found = list(present) if offered == "auto" else [] if offered == "none" else _numbers(offered, present)
    count = max(cores - len(found), 0 if found else 1) if slots is None else slots
    if not found and not count:
        raise HeldoutError("a worker without slots does nothing", next_step="give it --slots or --gpus")
    return [*found, *[None] * count]


def _numbers(offered: str, present: Sequence[int]) -> list[int]:
    words = offered.split(",")
    if all(word.isdecimal() for word in words):
        found = list(dict.fromkeys(map(int, words)))
        if set(found) <= set(present):
            return found
    raise HeldoutError(
        f"--gpus {offered}: there are no such GPUs",
        expected=f"auto, none, or some of {', '.join(map(str, present)) or 'none'}, with commas",
        next_step="`heldout doctor` says which layers for GPUs are live",
    )


@dataclass
class Post:
    """A slot, and who is at it."""

    slot: Slot
    process: "subprocess.Popen[bytes] | None" = None
    since: float = 0.0
    pause: float = PAUSE
    start_at: float = 0.0
    waits: bool = False  # for a person, who looks at its GPU


class Machine:
    """A context: leaving it leaves no process behind."""

    def __init__(self, slot: Slot, plan: Sequence[int | None]) -> None:
        """`slot`: what all have in common."""
        self._scratch = Path(tempfile.mkdtemp(prefix="heldout-worker-"))
        self._posts = [Post(replace(slot, gpu=gpu)) for gpu in plan]
        self._stopping = 0

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *exc: object) -> None:
        for post in self._posts:
            if post.process is not None:
                post.process.kill()
                post.process.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def stop(self) -> None:
        """What runs is brought to its end, nothing new is begun; the second time it is given back."""
        self._stopping += 1
        for post in self._posts:
            if post.process is not None:
                post.process.terminate()

    def run(self) -> None:
        """Until stopped. Raises HeldoutError when a worker says that it can't work here."""
        while not self._stopping or any(post.process for post in self._posts):
            for number, post in enumerate(self._posts):
                self._tend(number, post)
            time.sleep(POLL)

    def _tend(self, number: int, post: Post) -> None:
        now = time.monotonic()
        if post.process is None:
            if not self._stopping and now >= post.start_at and not _waits(post):
                self._start(number, post, now)
            return
        status = post.process.poll()
        if status is None:
            return
        post.process = None
        shutil.rmtree(post.slot.scratch, ignore_errors=True)
        if status == UNFIT:
            raise HeldoutError("a worker can't work on this machine", where="its own words are above")
        post.pause = PAUSE if now - post.since > SETTLED else min(2 * post.pause, LONGEST_PAUSE)
        post.start_at = now + post.pause
        if not self._stopping:
            again = "" if status == WITHDRAWN else f"; it starts again in {post.pause:g} s"
            log.warning("%s%s", ended(post.slot.name, status), again)

    def _start(self, number: int, post: Post, now: float) -> None:
        name = name_of(number)
        post.slot = replace(post.slot, name=name, scratch=self._scratch / name.replace(":", "-"))
        post.slot.scratch.mkdir(mode=0o700)
        post.since = now
        post.process = subprocess.Popen(
            [sys.executable, "-m", "cluster", dump(post.slot)],
            stdin=subprocess.PIPE,  # never written to: it ends when this process does
            env=environment(post.slot.gpu, os.environ),
            start_new_session=True,  # Ctrl-C is for this process, which tells the others
        )


def _waits(post: Post) -> bool:
    """Whether its GPU is quarantined, which is said once."""
    if post.slot.gpu is None:
        return False
    before, mark = post.waits, gpus.mark(post.slot.gpu)
    post.waits = mark.exists()
    if post.waits and not before:
        log.warning(
            "GPU %s is quarantined, and not offered\nnext: reset it, then remove %s", post.slot.gpu, mark
        )
    return post.waits


def ended(name: str, status: int) -> str:
    """In words.

    >>> ended("node:0", -9), ended("node:0", 0)
    ('the worker node:0 was killed by signal 9', 'the worker node:0 ended: the scheduler went away')
    """
    if status < 0:
        return f"the worker {name} was killed by signal {-status}"
    why = {0: "the scheduler went away", WITHDRAWN: "its GPU is quarantined", HUNG: "its grading hung"}
    return f"the worker {name} ended: {why.get(status, f'status {status}')}"


def environment(gpu: int | None, inherited: Mapping[str, str]) -> dict[str, str]:
    """CUDA sees the slot's own GPU, or none; and the sandbox leases no other: see `grader.sandbox.gpu`."""
    seen = "" if gpu is None else str(gpu)
    return {**inherited, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": seen}


def present() -> list[int]:
    return gpu.allowed()


# ---------------------------------------------------------------- a slot on a command line


def dump(slot: Slot) -> str:
    told = {name: str(value) for name, value in vars(slot).items() if value is not None}
    return json.dumps(told)


def load(text: str) -> Slot:
    from cluster.addresses import parse

    told: dict[str, str] = json.loads(text)
    return Slot(
        name=told["name"],
        scheduler=parse(told["scheduler"]),
        certificates=Path(told["certificates"]) if "certificates" in told else None,
        sandbox=told["sandbox"],
        cache=Path(told["cache"]),
        scratch=Path(told["scratch"]),
        host=told["host"],
        gpu=int(told["gpu"]) if "gpu" in told else None,
    )
