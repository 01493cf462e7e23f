"""What is sent to workers. The scheduler imports this, too, to pass it on: so it is light."""

import os
import pickle
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from cluster.parts import Missing, Withdrawn
    from grader.report import Report

HUNG = 5  # exit status of a process that was at one task for longer than any takes
PACE = 0.5  # seconds between two messages about one task: the scheduler passes them on for all


class Note(NamedTuple):
    """What a grading tells of itself; `tail` is None in what only who grades hears."""

    phase: str
    done: int
    total: int
    tail: str | None


class Voice:
    """Tells a grader, by way of the scheduler, what goes on here: at a pace, whatever is said of itself.

    A context. Of what comes faster the latest is told; leaving tells what has not been told yet.
    """

    def __init__(self, tell: Callable[[str, Any], None], topic: str, key: str) -> None:
        self._tell, self._topic, self._key = tell, topic, key
        self._news: dict[str, Note] = {}
        self._noting = threading.Lock()
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._left.set()
        self._thread.join()

    def progress(self, phase: str, done: int, total: int) -> None:
        with self._noting:
            self._news["progress"] = Note(phase, done, total, None)

    def watch(self, phase: str, done: int, total: int, tail: str) -> None:
        with self._noting:
            self._news["watch"] = Note(phase, done, total, tail)

    def _run(self) -> None:
        while not self._left.wait(PACE):
            self._say()
        self._say()

    def _say(self) -> None:
        with self._noting:
            news, self._news = self._news, {}
        if news:
            self._tell(self._topic, {"key": self._key, "notes": [list(note) for note in news.values()]})


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Ends this process where what is inside takes longer: what hangs would keep its worker for ever."""
    timer = threading.Timer(seconds, _give_up, [seconds])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _give_up(seconds: float) -> None:
    print(f"a grading has not ended after {seconds:g} s: this worker ends", file=sys.stderr, flush=True)
    os._exit(HUNG)


def perform(order: bytes, topic: str, key: str) -> "Report | Missing | Withdrawn | str":
    """Grade a pickled `Task`; a text is what went wrong here, which is our fault."""
    worker = _worker()
    try:
        task = pickle.loads(order)
        with deadline(task.longest), Voice(worker.log_event, topic, key) as voice:
            graded: Report | Missing | Withdrawn = worker.hands.grade(task, voice)
        return graded
    except Exception:  # noqa: BLE001 — exceptions don't travel as they are; `grade` itself raises none
        return traceback.format_exc()


def deliver(sha256: str, data: bytes) -> str:
    """Put a part of a course on this machine's shelf; a text is what went wrong."""
    try:
        _worker().hands.shelf.put(sha256, data)
    except Exception:  # noqa: BLE001 — as above
        return traceback.format_exc()
    return ""


def _worker() -> Any:
    """This process's `cluster.worker.GradingWorker`."""
    from distributed import get_worker

    return get_worker()
