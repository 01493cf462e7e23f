"""The cold sandbox: a single-use bubblewrap for each session, started before the student's bytes come."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, closing
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from grader.sandbox import Allowance, bubblewrap, runtime, seccomp, slots
from grader.sandbox.child import Child
from grader.sandbox.log import Log
from grader.sandbox.session import START_SECONDS, Boot, Session
from grader.sandbox.wire import sender_of
from grader.spec import MIB, Limits

LAUNCHER = Path(__file__).parent / "launch.py"
INODES_BESIDES = 4_000  # a submission's own files come on top
START_CPU_SECONDS = 60  # importing torch, on a slow machine


class ColdSandbox:
    """Runs submissions on the interpreter `python` (and its packages). See `grader.sandbox.Sandbox`.

    Every layer named here is in force or opening fails. `probe.choose` proves them by effect first.
    """

    launcher = "cold"

    def __init__(self, python: Path = Path(sys.executable)) -> None:
        self.python = python

    @property
    def layers(self) -> tuple[str, ...]:
        uid = ("uid",) if os.geteuid() == 0 else ()
        return (*uid, "namespaces", "seccomp", "rlimits", "deadlines")

    def open(self, archive: bytes, limits: Limits, allowance: Allowance, *, public: bool) -> Session:
        boot = self.boot(limits, allowance.limit)  # what can fail, fails before a process is there
        session = Session(self.spawn(limits), allowance, limits=limits, public=public)
        return session.loading(boot, archive)

    @cached_property
    def runtime(self) -> runtime.Runtime:
        return runtime.describe(self.python)

    def boot(self, limits: Limits, seconds: float) -> Boot:
        return Boot(
            packages=self.runtime.packages,
            folder=bubblewrap.FOLDER,
            threads=limits.threads,
            memory=f"{limits.memory_bytes / MIB:,.0f} MiB",
            rlimits=rlimits(limits, seconds),
            programs=seccomp.programs(),
        )

    def spawn(self, limits: Limits, module: str = "main") -> Child:
        """Start the runner's `module`, confined by all but what it gives up itself when told to."""
        with ExitStack() as held, ExitStack() as passed:
            uid = held.enter_context(slots.lease()) if os.geteuid() == 0 else None
            ours, theirs = socket.socketpair()
            held.enter_context(closing(ours))
            passed.enter_context(closing(theirs))
            output, their_output = os.pipe()
            passed.callback(os.close, their_output)
            log = Log(output, limits.log_bytes)
            info, their_info = os.pipe()
            held.callback(os.close, info)
            passed.callback(os.close, their_info)
            spec = self._spec(limits, module, channel=theirs.fileno(), info=their_info) | {"uid": uid}
            process = _start(spec, their_output, (theirs.fileno(), their_info))
            passed.close()
            init = _init(process, info)
            if init is not None:
                held.callback(os.close, init)
            return Child(
                process=process,
                channel=ours,
                log=log,
                kill=partial(_kill, process, init),
                runner=partial(sender_of, ours, START_SECONDS),
                held=held.pop_all(),
            )

    def _spec(self, limits: Limits, module: str, *, channel: int, info: int) -> dict[str, Any]:
        inodes = limits.unpacked_files + INODES_BESIDES
        return {
            "bwrap": str(bubblewrap.program()),
            "binds": [[bind.source, bind.target] for bind in self.runtime.binds],
            "arguments": bubblewrap.arguments(limits, info=info),
            "scratch": [bubblewrap.SCRATCH, bubblewrap.scratch_bytes(limits), inodes],
            "command": bubblewrap.command(self.runtime.python, "/heldout", channel, module),
        }


def rlimits(limits: Limits, seconds: float) -> dict[str, int]:
    """What each process may use. Never RLIMIT_AS: PyTorch reserves far more addresses than memory."""
    return {
        "DATA": limits.memory_bytes,
        "NPROC": limits.processes,
        "NOFILE": limits.open_files,
        "FSIZE": bubblewrap.scratch_bytes(limits),
        "CPU": int(seconds * limits.threads)
        + START_CPU_SECONDS,  # the wall clock is the limit; this is its shadow
        "CORE": 0,
        "MEMLOCK": 0,
        "MSGQUEUE": 0,
        "NICE": 0,
        "RTPRIO": 0,
    }


def _start(spec: dict[str, Any], output: int, passed: tuple[int, ...]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(spec)]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=passed,
        env={},
        cwd="/",
        process_group=0,  # a Ctrl-C is for the grader, which brings what runs to its end
    )


def _init(process: "subprocess.Popen[bytes]", info: int) -> int | None:
    """A pidfd of the namespace's first process; None when bubblewrap failed before or after starting one."""
    try:
        written = b""
        while select.select([info], [], [], START_SECONDS)[0] and (chunk := os.read(info, 4096)):
            written += chunk
        return os.pidfd_open(json.loads(written)["child-pid"]) if written else None
    except ProcessLookupError:
        return None
    except BaseException:
        process.kill()
        process.wait()
        raise


def _kill(process: "subprocess.Popen[bytes]", init: int | None) -> None:
    """The kernel ends a namespace with its first process. bwrap's monitor outside then ends by itself."""
    if init is None:
        process.kill()
        return
    try:
        signal.pidfd_send_signal(init, signal.SIGKILL)
    except ProcessLookupError:
        return
