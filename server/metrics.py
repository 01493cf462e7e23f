"""What Prometheus asks for: the queue as it is, gradings as they were, requests as they come.

Names and units are Prometheus's own: base units, counters in _total. Counters of gradings begin with the
process; they grow by what the ledger has recorded since it was last asked.
"""

from threading import Lock
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from leaderboard.activity import Judged
from leaderboard.store import Store

SECONDS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)
PHASES = ("waiting", "training", "answering", "total")


class Metrics:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._last, _ = store.judged_since(None)
        self._one_at_a_time = Lock()  # two collectors that ask at once would count the same twice
        self.registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": self.registry, "namespace": "heldout"}
        self.requests = Histogram("request_seconds", "HTTP requests", ["method", "route", "status"], **own)
        self._submissions = Gauge("submissions", "Submissions, by state", ["state"], **own)
        self._queue = Gauge("queue_depth", "Submissions that wait", **own)
        self._oldest = Gauge("queue_oldest_seconds", "How long the one waits that came first", **own)
        self._graders = Gauge("graders", "Processes that grade", **own)
        self._slots = Gauge("grader_slots", "Submissions that they grade at a time", **own)
        self._running = Gauge("gradings_running", "Submissions that are being graded", **own)
        self._verdicts = Counter("verdicts", "Judgings", ["assignment", "run_kind", "verdict"], **own)
        self._kills = Counter("sandbox_kills", "Sandboxes that met a limit", ["limit"], **own)
        self._seconds = Histogram("grading_seconds", "Judgings, by phase", ["phase"], buckets=SECONDS, **own)

    def text(self) -> bytes:
        """In Prometheus's format. Raises HeldoutError when the database doesn't answer."""
        with self._one_at_a_time:
            self._look_at_queue()
            self._last, judged = self._store.judged_since(self._last)
            for one in judged:
                self._count(one)
            return generate_latest(self.registry)

    def _look_at_queue(self) -> None:
        tally = self._store.tally()
        for state, count in tally.counts.items():
            self._submissions.labels(str(state).replace(" ", "_")).set(count)
        self._queue.set(tally.counts.get("queued", 0))
        self._oldest.set(tally.oldest_seconds or 0.0)
        self._graders.set(len(tally.graders))
        self._slots.set(sum(grader.slots for grader in tally.graders))
        self._running.set(sum(len(grader.running) for grader in tally.graders))

    def _count(self, one: Judged) -> None:
        self._verdicts.labels(one.assignment, one.run_kind, str(one.verdict).replace(" ", "_")).inc()
        if one.killed:
            self._kills.labels(one.killed.replace(" ", "_")).inc()
        for phase in PHASES:
            seconds = getattr(one, f"{phase}_seconds")
            if seconds is not None:
                self._seconds.labels(phase).observe(seconds)
