"""What gradings say of themselves, on its way to the ledger and so to the students who wait."""

import threading
from typing import Protocol

from grader.errors import HeldoutError
from grader.report import Job
from grader.student import Watch

PACE = 1.0  # seconds between two messages about one job
LONGEST_STOP = 5.0  # seconds that a busy database is waited for in the end

Message = tuple[str, int, int, str]  # phase, done, total, the end of what was printed


class Ledger(Protocol):
    """What telling needs of the ledger; `leaderboard.store.Store` has it."""

    def tell(self, job: Job, phase: str, done: int, total: int, tail: str = "") -> bool: ...


class Telling:
    """Of each job the latest, once a second: in a thread of its own, so that no grading waits for a database
    while the student's code runs on. What the ledger doesn't take is told again, unless there is news.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._news: dict[Job, Message] = {}
        self._writing = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telling", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(LONGEST_STOP)

    def of(self, job: Job) -> Watch:
        """Takes what this job's grading says."""

        def hear(phase: str, done: int, total: int, tail: str) -> None:
            with self._writing:
                self._news[job] = phase, done, total, tail

        return hear

    def _run(self) -> None:
        while not self._stopped.wait(PACE):
            with self._writing:
                news, self._news = self._news, {}
            for job, message in news.items():
                self._tell(job, message)

    def _tell(self, job: Job, message: Message) -> None:
        try:
            self._ledger.tell(job, *message)
        except HeldoutError:
            with self._writing:
                self._news.setdefault(job, message)
