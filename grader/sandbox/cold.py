"""The cold sandbox: a single-use bubblewrap for each session, started before the student's bytes come."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from grader.errors import SandboxError
from grader.sandbox import Allowance, bubblewrap, cgroup, resident, runtime, seccomp, slots
from grader.sandbox import gpu as gpus
from grader.sandbox.child import Child, ends, wait_for
from grader.sandbox.gpu import Gpu
from grader.sandbox.notebook import Notebook
from grader.sandbox.resident import Resident
from grader.sandbox.session import START_SECONDS, Boot, Session, ready
from grader.sandbox.training import Training, open_training
from grader.sandbox.watchdog import watched
from grader.spec import Budget, Limits, readable

LAUNCHER = Path(__file__).parent / "launch.py"
START_CPU_SECONDS = 60  # importing torch, on a slow machine


class ColdSandbox:
    """Runs submissions on the interpreter `python` (and its packages). See `grader.sandbox.Sandbox`.

    Every layer named here is in force or opening fails. `probe.choose` proves them by effect first.
    """

    launcher = "cold"

    def __init__(
        self,
        python: Path = Path(sys.executable),
        *,
        groups: Callable[[], cgroup.Hierarchy | None] = cgroup.hierarchy,
    ) -> None:
        self.python = python
        self.groups = groups()
        self._resident: Resident | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        uid = ("uid",) if os.geteuid() == 0 else ()
        memory = f"cgroup-v{self.groups.version}" if self.groups else "watchdog"
        cache = ("page cache",) if self._resident else ()
        return (*uid, "namespaces", "seccomp", "rlimits", memory, "deadlines", *cache)

    def keep_in_memory(self) -> Resident:
        """All that sandboxes have of this machine's files, until `close`.

        Raises SandboxError where there is no room.
        """
        driver = gpus.driver_libraries() if gpus.present() else ()
        self._resident = resident.lock([*self.runtime.binds, *driver])
        return self._resident

    def open(
        self, archive: bytes, limits: Limits, allowance: Allowance, *, public: bool, checkpoint: bytes = b""
    ) -> Session:
        return Session(
            self._child(limits), archive, allowance, limits=limits, public=public, checkpoint=checkpoint
        )

    def open_training(self, archive: bytes, limits: Limits, budget: Budget) -> Training:
        return open_training(self._child, archive, limits, budget)

    def open_notebook(self, archive: bytes, limits: Limits, allowance: Allowance) -> Notebook:
        return Notebook(self._child(limits), archive, allowance, limits=limits)

    def _child(self, limits: Limits) -> Child:
        boot = self.boot(limits)  # what can fail, fails before a process is there
        return ready(self.spawn(limits), boot)

    @cached_property
    def runtime(self) -> runtime.Runtime:
        return runtime.describe(self.python)

    def boot(self, limits: Limits) -> Boot:
        return Boot(
            packages=self.runtime.packages,
            folder=bubblewrap.FOLDER,
            threads=limits.threads,
            memory=readable(limits.memory_bytes),
            rlimits=rlimits(limits),
            programs=seccomp.programs(execute=limits.programs, memfd=limits.gpu),
            device="cuda" if limits.gpu else "cpu",
        )

    def close(self) -> None:
        """Let go of the runtime's files; nothing else is kept between sessions."""
        if self._resident:
            self._resident.close()
            self._resident = None

    def spawn(self, limits: Limits, module: str = "main", *, trusted: bool = False) -> Child:
        """Start the runner's `module`, confined by all but what it gives up itself when told to.

        `trusted` code is not limited as a group, and may mount a /proc of its own.
        """
        with ExitStack() as held, ExitStack() as passed:
            uid = held.enter_context(slots.lease()) if os.geteuid() == 0 else None
            group = held.enter_context(self.groups.group(limits)) if self.groups and not trusted else None
            gpu = self._gpu(held) if limits.gpu else None
            pair = ends(held, passed, limits.log_bytes)
            info, their_info = os.pipe()
            held.callback(os.close, info)
            passed.callback(os.close, their_info)
            spec = self._spec(limits, module, gpu, channel=pair.theirs.fileno(), info=their_info)
            if not trusted:  # a /proc that is covered can't be mounted once more
                words, spec["texts"] = bubblewrap.covers(limits)
                spec["arguments"] += words
            spec |= {"uid": uid, "groups": group.entrances if group else []}
            process = _start(spec, pair.output, (pair.theirs.fileno(), their_info))
            passed.close()
            pid, init = _first(process, info)
            if init is not None:
                held.callback(os.close, init)
            kill = partial(_kill, process, init)
            return Child(
                channel=pair.ours,
                log=pair.log,
                kill=kill,
                wait=partial(wait_for, process),
                pid=pid,
                meter=group or (None if trusted else watched(held, pid, limits, kill)),
                held=held.pop_all(),
            )

    def _gpu(self, held: ExitStack) -> Gpu:
        if self.groups is None:
            raise SandboxError(
                "a GPU needs control groups: CUDA makes memory files, which nothing else counts",
                next_step="run `heldout doctor`: it says how to get them",
            )
        return held.enter_context(gpus.lease())

    def _spec(
        self, limits: Limits, module: str, gpu: Gpu | None, *, channel: int, info: int
    ) -> dict[str, Any]:
        binds = [*self.runtime.binds, *(gpus.driver_libraries() if gpu else ())]
        return {
            "bwrap": str(bubblewrap.program()),
            "binds": [[bind.source, bind.target] for bind in binds],
            "arguments": bubblewrap.arguments(limits, info=info) + (gpus.words() if gpu else []),
            "devices": [*bubblewrap.DEVICES, *([node, node] for node in (gpu.nodes if gpu else ()))],
            "texts": {},
            "tmpfs": bubblewrap.tmpfs(limits),
            "command": bubblewrap.command(self.runtime.python, "/heldout", channel, module),
        }


def rlimits(limits: Limits) -> dict[str, int]:
    """What each process may use. Never RLIMIT_AS: PyTorch reserves far more addresses than memory."""
    seconds = max(limits.check_seconds, limits.wall_seconds)
    data = {} if limits.gpu else {"DATA": limits.memory_bytes}  # CUDA maps far more than it uses
    return data | {
        "NPROC": limits.processes,
        "NOFILE": limits.open_files,
        "FSIZE": bubblewrap.scratch_bytes(limits),
        "CPU": int(seconds * limits.threads)
        + START_CPU_SECONDS,  # the wall clock is the limit; this is its shadow
        "CORE": 1,  # 0 would still feed a core_pattern that is a pipe
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


def _first(process: "subprocess.Popen[bytes]", info: int) -> tuple[int, int | None]:
    """The namespace's first process and a pidfd of it; 0 and None when bubblewrap failed."""
    try:
        written = b""
        while select.select([info], [], [], START_SECONDS)[0] and (chunk := os.read(info, 4096)):
            written += chunk
        if not written:
            return 0, None
        pid = json.loads(written)["child-pid"]
        return pid, os.pidfd_open(pid)
    except ProcessLookupError:
        return 0, None
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
