"""A started process with our end of its channel and its output; ended, waited for and measured once."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from grader.errors import SandboxError
from grader.sandbox.log import Log

KILL_SECONDS = 20.0  # a kernel that is busy freeing memory may take a while
POLL_SECONDS = 0.002


@dataclass(frozen=True)
class Ending:
    """`code` as the shell would say it: 128 + signal when a signal ended it."""

    code: int
    cpu_seconds: float


@dataclass
class Child:
    process: "subprocess.Popen[bytes]"
    channel: socket.socket
    log: Log
    kill: Callable[[], None]  # everything that it started, too
    runner: Callable[[], int]  # the process that runs student code
    held: ExitStack  # given back when it has ended
    ending: Ending | None = None

    def end(self, grace: float = 0.0) -> Ending:
        """Kill it unless it ends by itself within `grace` seconds, and wait until nothing is left of it."""
        if self.ending is None:
            self.ending = self._wait(grace) or self._killed()
            self.held.close()
        return self.ending

    def _killed(self) -> Ending:
        self.kill()
        ending = self._wait(KILL_SECONDS)
        if ending is None:
            raise SandboxError(
                f"a sandbox did not end within {KILL_SECONDS:g} s of being killed",
                where=f"process {self.process.pid}",
                next_step="look at the machine: its kernel log, its memory",
            )
        return ending

    def _wait(self, seconds: float) -> Ending | None:
        deadline = time.monotonic() + seconds
        while True:
            pid, status, used = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self.process.returncode = code
                return Ending(code if code >= 0 else 128 - code, used.ru_utime + used.ru_stime)
            if time.monotonic() >= deadline:
                return None
            time.sleep(POLL_SECONDS)


@dataclass(frozen=True)
class Used:
    """What a process has used so far: its peak resident memory, its CPU time with that of its ended children.

    Taken from /proc while it lives. wait4 misses both: the kernel ignores what the processes of a killed
    namespace used, and a vforked child's peak starts with the grader's own.
    """

    cpu_seconds: float = 0.0
    peak_bytes: int = 0

    @classmethod
    def by(cls, pid: int) -> Self:
        """Nothing where the process has ended or the system does not say."""
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return cls()
        ticks = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        peak = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return cls(ticks, int(peak[0].split()[1]) * 1024 if peak else 0)

    def at_least(self, other: "Used") -> "Used":
        return Used(max(self.cpu_seconds, other.cpu_seconds), max(self.peak_bytes, other.peak_bytes))


def how_it_ended(ending: Ending) -> str:
    """For a public log: "signal SIGSEGV", "exit code 3"."""
    number = ending.code - 128
    if number in {each.value for each in signal.Signals}:
        return f"signal {signal.Signals(number).name}"
    return f"exit code {ending.code}"
