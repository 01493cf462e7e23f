"""The clock that deadlines are read from: wall time, less what the hypervisor took from this machine.

On a virtual machine whose host is busy an honest model may get a tenth of a core (seen: 30 s of work in
582 s). That is no student's fault. Linux counts stolen time; a tenth of it is charged all the same, so that a
deadline comes at the latest after ten times its seconds.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

FORGIVEN = 0.9  # of the time stolen
IDLE = 0.25  # of the time that passes is charged to a training that uses no processor
STAT = Path("/proc/stat")


@dataclass(frozen=True)
class Ticks:
    """Of all processors together, since the machine started."""

    wanted: int  # ran, or would have run but for the hypervisor
    stolen: int


def read_ticks(stat: Path = STAT) -> Ticks:
    """Zeros where the system does not count."""
    try:
        words = stat.read_text().split("\n", 1)[0].split()
        user, nice, system, _, _, irq, softirq, steal = map(int, words[1:9])
    except (OSError, ValueError):
        return Ticks(0, 0)
    return Ticks(user + nice + system + irq + softirq + steal, steal)


class Timepiece(Protocol):
    def now(self) -> float: ...


class Clock:
    """`now()` in seconds from any origin; it runs at a tenth of the pace where all time is stolen."""

    def __init__(
        self,
        ticks: Callable[[], Ticks] = read_ticks,
        wall: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read_ticks, self._read_wall = ticks, wall
        self._ticks, self._wall = ticks(), wall()
        self._now = 0.0

    def now(self) -> float:
        ticks, wall = self._read_ticks(), self._read_wall()
        wanted, stolen = ticks.wanted - self._ticks.wanted, ticks.stolen - self._ticks.stolen
        share = stolen / wanted if wanted > 0 else 0.0
        self._now += (wall - self._wall) * (1 - FORGIVEN * share)
        self._ticks, self._wall = ticks, wall
        return self._now


class ProcessorClock:
    """Seconds of processor time that `used` counts, or a share of the wall's where nothing much is used.

    A training that waits is charged IDLE of a second for each: nobody holds a slot for ever. Time stolen
    from the machine is forgiven as by `Clock`.
    """

    def __init__(self, used: Callable[[], float], wall: Timepiece | None = None) -> None:
        self._used, self._wall = used, wall or Clock()
        self._from = used()

    def now(self) -> float:
        return max(self._used() - self._from, IDLE * self._wall.now())
