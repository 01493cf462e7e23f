"""A started process with our end of its channel and its output; ended, waited for and measured once."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from grader.errors import SandboxError
from grader.sandbox.log import Log

KILL_SECONDS = 20.0  # a kernel that is busy freeing memory may take a while
POLL_SECONDS = 0.002


@dataclass(frozen=True)
class Ending:
    """`code` as the shell would say it: 128 + signal when a signal ended it."""

    code: int
    cpu_seconds: float  # without children that were still running when it was killed


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


def peak_bytes(pid: int) -> int:
    """The most that a living process has had resident; 0 where the system does not say.

    Not from wait4: a vforked child's peak there starts with the grader's own. Bytes without the first line:
    that is the process's name, which the student chooses.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return 0
    peak = re.search(rb"^VmHWM:\s*(\d+) kB$", status.partition(b"\n")[2], re.MULTILINE)
    return int(peak[1]) * 1024 if peak else 0


def how_it_ended(ending: Ending) -> str:
    """For a public log: "signal SIGSEGV", "exit code 3"."""
    number = ending.code - 128
    if number in {each.value for each in signal.Signals}:
        return f"signal {signal.Signals(number).name}"
    return f"exit code {ending.code}"
