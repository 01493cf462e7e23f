"""A started sandbox with our end of its channel and its output; ended, waited for and measured once."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from grader.errors import SandboxError
from grader.sandbox.cgroup import Counted
from grader.sandbox.log import Log

KILL_SECONDS = 20.0  # a kernel that is busy freeing memory may take a while
POLL_SECONDS = 0.002


@dataclass(frozen=True)
class Ending:
    """`code` as the shell would say it: 128 + signal when a signal ended it."""

    code: int
    cpu_seconds: float = (
        0.0  # without a control group: less the children that were still running when it was killed
    )
    peak_bytes: int = 0  # of all processes together; 0 where nothing counts them
    oom_kills: int = 0
    full: bool = False  # see Counted


class Meter(Protocol):
    """What counts a whole sandbox: its control group, or the watchdog."""

    def counted(self) -> Counted: ...


@dataclass
class Child:
    channel: socket.socket
    log: Log
    kill: Callable[[], None]  # everything that it started, too
    wait: Callable[[float], Ending | None]  # up to so many seconds for the end of everything in it
    pid: int  # the process that runs student code, as this machine counts; 0 when it never started
    held: ExitStack  # given back when it has ended
    meter: Meter | None = None
    rlimits: Mapping[str, int] = field(default_factory=dict)  # in force since it was confined
    ending: Ending | None = None

    def end(self, grace: float = 0.0) -> Ending:
        """Kill it unless it ends by itself within `grace` seconds, and wait until nothing is left of it."""
        if self.ending is None:
            self.ending = self._counted(self.wait(grace) or self._killed())
            self.held.close()
        return self.ending

    def cpu_seconds(self) -> float:
        """Used so far, by everything in it; 0 where nothing counts."""
        if self.ending is not None:
            return self.ending.cpu_seconds
        return self.meter.counted().cpu_seconds if self.meter else 0.0

    def _killed(self) -> Ending:
        self.kill()
        ending = self.wait(KILL_SECONDS)
        if ending is None:
            raise SandboxError(
                f"a sandbox did not end within {KILL_SECONDS:g} s of being killed",
                next_step="look at the machine: its kernel log, its memory",
            )
        return ending

    def _counted(self, ending: Ending) -> Ending:
        if self.meter is None:
            return ending
        counted = self.meter.counted()
        # Starting it was work done outside of the group.
        cpu_seconds = max(counted.cpu_seconds, ending.cpu_seconds)
        return replace(
            ending,
            cpu_seconds=cpu_seconds,
            peak_bytes=counted.peak_bytes,
            oom_kills=counted.oom_kills,
            full=counted.full,
        )


@dataclass(frozen=True)
class Ends:
    """Both ends of a channel, and of the pipe that carries output into `log`."""

    ours: socket.socket
    theirs: socket.socket
    log: Log
    output: int


def ends(held: ExitStack, passed: ExitStack, log_bytes: int) -> Ends:
    """`held` closes our ends when the sandbox is gone, `passed` the others once they have been handed on."""
    ours, theirs = socket.socketpair()
    held.enter_context(closing(ours))
    passed.enter_context(closing(theirs))
    output, their_output = os.pipe()
    passed.callback(os.close, their_output)
    return Ends(ours, theirs, Log(output, log_bytes), their_output)


def wait_for(process: "subprocess.Popen[bytes]", seconds: float) -> Ending | None:
    """Reap `process` if it ends within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return Ending(shell_code(status), used.ru_utime + used.ru_stime)
        if time.monotonic() >= deadline:
            return None
        time.sleep(POLL_SECONDS)


def shell_code(status: int) -> int:
    """An exit code, or 128 + signal, from what wait4 says."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


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
