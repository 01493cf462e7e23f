"""The same runner in a plain process of its own: no isolation. For `check` where there is no bubblewrap.

Student code can read and do here whatever its user can. It must never see held-out data of a real course.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from functools import cached_property, partial
from pathlib import Path

from grader.sandbox import Allowance, bubblewrap, runtime
from grader.sandbox.child import Child, ends, wait_for
from grader.sandbox.notebook import Notebook
from grader.sandbox.session import Boot, Session, ready
from grader.sandbox.training import Training, open_training
from grader.sandbox.watchdog import watched
from grader.spec import Budget, Limits, readable


class UnconfinedSandbox:
    """Runs submissions on the interpreter `python`, unprotected. See `grader.sandbox.Sandbox`."""

    launcher = "none"
    layers: tuple[str, ...] = ()

    def __init__(self, python: Path = Path(sys.executable)) -> None:
        self._python = python

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
        packages = self._packages  # what can fail, fails before a folder and a process are there
        folder = tempfile.mkdtemp(prefix="heldout-")
        boot = Boot(
            packages=packages,
            folder=f"{folder}/submission",
            threads=limits.threads,
            memory=readable(limits.memory_bytes),
            device="cuda" if limits.gpu else "cpu",
        )
        return ready(self._spawn(Path(folder), limits), boot)

    def close(self) -> None:
        """Nothing is kept between sessions."""

    @cached_property
    def _packages(self) -> tuple[str, ...]:
        return tuple(map(str, runtime.interpreter(self._python).packages))

    def _spawn(self, folder: Path, limits: Limits) -> Child:
        with ExitStack() as held, ExitStack() as passed:
            held.callback(shutil.rmtree, folder, ignore_errors=True)
            pair = ends(held, passed, limits.log_bytes)
            process = subprocess.Popen(
                bubblewrap.command(str(self._python), str(runtime.RUNNER.parent), pair.theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=pair.output,
                stderr=pair.output,
                pass_fds=(pair.theirs.fileno(),),
                env=bubblewrap.environment(str(folder), limits.threads),
                cwd=folder,
                start_new_session=True,
            )
            kill = partial(_kill_group, process.pid)
            return Child(
                channel=pair.ours,
                log=pair.log,
                kill=kill,
                wait=partial(wait_for, process),
                pid=process.pid,
                meter=watched(held, process.pid, limits, kill),
                held=held.pop_all(),
            )


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
