"""What is sent to workers. The scheduler imports this, too, to pass it on: so it is light."""

import pickle
import threading
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from cluster.parts import Missing
    from grader.report import Report

PACE = 0.5  # seconds between two messages about one thing; a new phase is told at once


class Note(NamedTuple):
    """What a grading tells of itself; `tail` is None in what only who grades hears."""

    phase: str
    done: int
    total: int
    tail: str | None


class Voice:
    """Tells a grader, by way of the scheduler, what goes on here."""

    def __init__(self, tell: Callable[[str, Any], None], topic: str, key: str) -> None:
        self._tell, self._topic, self._key = tell, topic, key
        self._last: dict[bool, tuple[str, float]] = {}
        self._speaking = threading.Lock()

    def progress(self, phase: str, done: int, total: int) -> None:
        self._say(Note(phase, done, total, None))

    def watch(self, phase: str, done: int, total: int, tail: str) -> None:
        self._say(Note(phase, done, total, tail))

    def _say(self, note: Note) -> None:
        kind, now = note.tail is None, time.monotonic()
        with self._speaking:
            phase, at = self._last.get(kind, ("", 0.0))
            if note.phase == phase and now - at < PACE:
                return
            self._last[kind] = note.phase, now
        self._tell(self._topic, {"key": self._key, "note": list(note)})


def perform(order: bytes, topic: str, key: str) -> "Report | Missing | str":
    """Grade a pickled `Task`; a text is what went wrong here, which is our fault."""
    worker = _worker()
    try:
        graded: Report | Missing = worker.hands.grade(
            pickle.loads(order), Voice(worker.log_event, topic, key)
        )
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
