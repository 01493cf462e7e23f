"""Where no control group can be made: a thread adds up what a sandbox's processes hold and use, and kills.

It doesn't see what lies in the sized tmpfs, which come on top of the limit; other shared memory the seccomp
filter refuses. Never `ps`: it hangs on a machine that a fork bomb has filled.
"""

import os
import re
import threading
from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from grader.sandbox.cgroup import Counted
from grader.spec import Limits

LOOK_SECONDS = 0.05  # who lives shorter than that, and is not waited for, may go uncounted
TICKS = os.sysconf("SC_CLK_TCK")
MEMORY = r"^(?:RssAnon|VmPTE|Pss_Anon):\s+(\d+) kB$"


@dataclass(frozen=True)
class Times:
    """Of one process."""

    started: int  # which tells it from another that had its number, in ticks since the machine started
    seconds: float  # of processor time, without its children's
    waited: float = 0.0  # of those of its children that have ended, and of theirs


class Tally:
    """Processor seconds of processes that come and go, whose numbers are given out again: never less."""

    def __init__(self, read: Callable[[int], Times | None]) -> None:
        self._read = read
        self._running: dict[int, Times] = {}
        self._ended = 0.0
        self.seconds = 0.0

    def look(self, pids: Collection[int]) -> None:
        """Count `pids`, and those of the looks before that still run: one may have been overlooked."""
        running = {}
        for pid in {*self._running, *pids}:
            before, now = self._running.get(pid), self._read(pid)
            same = before is not None and now is not None and before.started == now.started
            if before is not None and not same:
                self._ended += before.seconds
            if now is not None and (same or pid in pids):
                running[pid] = now
        self._running = running
        # Children that live for less than a look are in nobody's count but their parent's.
        seen = self._ended + sum(times.seconds for times in running.values())
        told = sum(times.seconds + times.waited for times in running.values())
        self.seconds = max(self.seconds, seen, told)


class Watchdog:
    """Calls `kill` once when process `pid` and all below it hold more than `limit` bytes of their own."""

    def __init__(self, pid: int, limit: int, kill: Callable[[], None]) -> None:
        self._pid, self._limit, self._kill = pid, limit, kill
        self._peak = 0
        self._killed = False
        self._tally = Tally(times)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="sandbox watchdog", daemon=True)
        self._thread.start()

    def counted(self) -> Counted:
        return Counted(self._tally.seconds, self._peak, int(self._killed), self._killed)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            pids = descent(self._pid)
            self._tally.look(pids)
            self._peak = max(self._peak, held(pids, enough=self._limit))
            if self._peak > self._limit:
                self._killed = True
                self._kill()
                return


def watched(held: ExitStack, pid: int, limits: Limits, kill: Callable[[], None]) -> Watchdog:
    """A watchdog until `held` is closed."""
    watchdog = Watchdog(pid, limits.memory_bytes, kill)
    held.callback(watchdog.stop)
    return watchdog


def descent(pid: int) -> list[int]:
    """`pid` and every process below it. Orphans in its pid namespace come back to its first process."""
    found = [pid]
    for parent in found:
        with suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def times(pid: int) -> Times | None:
    """None when it is gone."""
    try:
        words = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    own, waited = (sum(map(int, words[first : first + 2])) / TICKS for first in (11, 13))
    return Times(int(words[19]), own, waited)


def held(pids: list[int], *, enough: int) -> int:
    """Bytes of all together; pages that forks share are told apart only where it matters, above `enough`."""
    quick = sum(map(own_bytes, pids))
    return quick if quick <= enough else sum(map(fair_bytes, pids))


def fair_bytes(pid: int) -> int:
    """Not mapped from files; each page by the number of processes that share it."""
    found = re.search(r"^Pss_Anon:\s+(\d+) kB$", _told(pid, "smaps_rollup"), re.M)
    return int(found[1]) * 1024 if found else own_bytes(pid)


def own_bytes(pid: int) -> int:
    """Not mapped from files, and its page tables."""
    return sum(int(count) * 1024 for count in re.findall(MEMORY, _told(pid, "status"), re.M))


def _told(pid: int, file: str) -> str:
    """By a thread that lives: a process whose first one has ended seems to hold nothing. "" when none does.

    Without the first line: the student chooses it.
    """
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):  # a thread that has ended has no smaps_rollup
                told = (thread / file).read_text(errors="replace").partition("\n")[2]
                if re.search(MEMORY, told, re.M):
                    return told
    return ""
