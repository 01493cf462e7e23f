"""A course under fire: clients that hand in all the while, and who kills what serves them."""

import ctypes
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from leaderboard.records import Receipt, State
from tests.leaderboard.victims import STAGES, Course, Stage, Victim, processes, start_grader, start_receiver

CLIENTS = 8
GRADERS = 3
PATIENCE = 60.0  # seconds for what should take a few


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {PATIENCE:g} s"
        time.sleep(0.02)


@dataclass(frozen=True)
class Given:
    """A receipt that a client has in hand, and what it is for."""

    receipt: Receipt
    team: str
    data: bytes


@dataclass
class Siege:
    """A receiver for each client, and graders; whoever dies is started again."""

    course: Course
    rng: random.Random
    receivers: list[Victim] = field(default_factory=list)
    graders: list[Victim] = field(default_factory=list)
    killed: Counter[Stage] = field(default_factory=Counter)
    given: list[Given] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)  # for the clients
    stopped: ctypes.c_bool = field(default_factory=lambda: processes.RawValue(ctypes.c_bool, False))

    # ------------------------------------------------------------ clients

    @contextmanager
    def clients(self) -> Iterator[None]:
        """They submit while the block runs, and leave when each has the receipt it is waiting for."""
        self.receivers = [start_receiver(self.course) for _ in range(CLIENTS)]
        self.graders = [start_grader(self.course, self.stopped) for _ in range(GRADERS)]
        victims = (*self.receivers, *self.graders)
        wait_until(lambda: not any(victim.stage is Stage.STARTING for victim in victims))
        with ThreadPoolExecutor(CLIENTS) as threads:
            working = [threads.submit(self._client, number) for number in range(CLIENTS)]
            try:
                yield
            finally:
                self.over.set()
        for client in working:
            client.result()

    def _client(self, number: int) -> None:
        rng = random.Random(number)
        while not self.over.is_set():
            data = rng.randbytes(rng.randrange(1_000, 50_000))
            self.given.append(self._submit(number, f"team {number}", data))
            time.sleep(rng.uniform(0.0, 0.1))

    def _submit(self, number: int, team: str, data: bytes) -> Given:
        """Again and again, as a person would, until there is a receipt."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            victim = self.receivers[number]
            assert victim.line is not None
            try:
                victim.line.send((team, data))
                reply = victim.line.recv()
            except (EOFError, OSError):
                victim.line.close()
                while self.receivers[number] is victim and time.monotonic() < deadline:
                    time.sleep(0.005)
                continue
            if isinstance(reply, Receipt):
                return Given(reply, team, data)
            self.refusals[reply.splitlines()[0]] += 1
            time.sleep(0.05)
        raise AssertionError(f"no receipt within {PATIENCE:g} s; refused: {self.refusals}")

    def wait_for(self, receipts: int) -> None:
        wait_until(lambda: len(self.given) >= receipts)

    # ------------------------------------------------------------ kills

    def kill(self) -> Stage:
        """At a random moment of a random stage of those that have had least; now and then of any."""
        wanted = None
        if self.rng.random() > 0.2:
            least = min(self.killed[stage] for stage in STAGES)
            wanted = self.rng.choice([stage for stage in STAGES if self.killed[stage] == least])
        victims, place = self._choose(wanted)
        time.sleep(self.rng.uniform(0.0, 0.015))
        stage = victims[place].kill()
        self.killed[stage] += 1
        if victims is self.receivers:
            victims[place] = start_receiver(self.course)
        else:
            victims[place] = start_grader(self.course, self.stopped)
        return stage

    def _choose(self, wanted: Stage | None) -> tuple[list[Victim], int]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            everybody = [
                (group, place) for group in (self.receivers, self.graders) for place in range(len(group))
            ]
            there = [(group, place) for group, place in everybody if wanted in (None, group[place].stage)]
            if there:
                return self.rng.choice(there)
            time.sleep(0.0005)
        raise AssertionError(f"nobody was in the stage {wanted!r} for {PATIENCE:g} s")

    # ------------------------------------------------------------ the end

    def finish(self) -> None:
        """Let the graders do what is left, and go."""
        with self.course.store() as store:
            wait_until(lambda: not any(store.counts()[state] for state in (State.QUEUED, State.RUNNING)))
        self.stopped.value = True
        for victim in self.receivers:
            assert victim.line is not None
            victim.line.close()
        for victim in (*self.receivers, *self.graders):
            victim.process.join(PATIENCE)
            assert victim.process.exitcode == 0
