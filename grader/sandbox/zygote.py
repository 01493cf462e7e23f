"""The warm sandbox: a confined Python that has imported torch forks a child for each session.

The child unshares everything once more, so that it shares with its siblings what a cold sandbox does: the
kernel and files that nobody can write. What it saves is the import: tens of milliseconds instead of seconds.
"""

import json
import os
import signal
import socket
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from grader.errors import SandboxError
from grader.sandbox import Allowance, blame, bubblewrap
from grader.sandbox.child import Child, Ending, ends, shell_code
from grader.sandbox.cold import ColdSandbox
from grader.sandbox.notebook import Notebook
from grader.sandbox.runner.frames import ENDING, LENGTH
from grader.sandbox.session import START_SECONDS, Boot, Session, ready
from grader.sandbox.training import Training
from grader.sandbox.watchdog import watched
from grader.spec import Budget, Limits

AHEAD = 3  # children that wait: making one is half waiting itself, for the kernel; with 4 they get in the way


class ZygoteSandbox:
    """Runs submissions as forks of a zygote on the runtime of `cold`. See `grader.sandbox.Sandbox`.

    The zygote is started when first needed, and once more should it be found dead. `close` ends it. While a
    session works, the children for the next ones are made: they have met nothing but our own code.
    """

    launcher = "zygote"

    def __init__(self, cold: ColdSandbox, *, notebooks: bool = False) -> None:
        """`notebooks`: it has imported what their cells are run with, too."""
        self._cold = cold
        self._for_notebooks = notebooks
        self._notebooks: ZygoteSandbox | None = None
        self._lock = threading.Lock()
        self._zygote: _Zygote | None = None
        self._makers = ThreadPoolExecutor(AHEAD, thread_name_prefix="next sandbox")
        self._next: list[tuple[Limits, Future[Child]]] = []  # the first is taken first

    @property
    def layers(self) -> tuple[str, ...]:
        return self._cold.layers

    def open(
        self, archive: bytes, limits: Limits, allowance: Allowance, *, public: bool, checkpoint: bytes = b""
    ) -> Session:
        if limits.gpu:  # CUDA does not survive a fork
            return self._cold.open(archive, limits, allowance, public=public, checkpoint=checkpoint)
        return Session(
            self._child(limits), archive, allowance, limits=limits, public=public, checkpoint=checkpoint
        )

    def open_training(self, archive: bytes, limits: Limits, budget: Budget) -> Training:
        """A cold one: over minutes, a uid of its own is worth the seconds."""
        return self._cold.open_training(archive, limits, budget)

    def open_notebook(self, archive: bytes, limits: Limits, allowance: Allowance) -> Notebook:
        """From a zygote of their own: models needn't carry what notebooks have imported."""
        if limits.gpu:
            return self._cold.open_notebook(archive, limits, allowance)
        with self._lock:
            self._notebooks = self._notebooks or ZygoteSandbox(self._cold, notebooks=True)
        return Notebook(self._notebooks._child(limits), archive, allowance, limits=limits)

    def _child(self, limits: Limits) -> Child:
        """The one that waits longest, if it has these limits; then others are made to wait."""
        child = self._waiting(limits) or self._made(limits)
        with self._lock:
            while len(self._next) < AHEAD:
                self._next.append((limits, self._makers.submit(self._made, limits)))
        return child

    def _made(self, limits: Limits) -> Child:
        boot = self.boot(limits)
        return ready(self.spawn(limits), boot)

    def _waiting(self, limits: Limits | None) -> Child | None:
        """Take a child that waits; end those that have other limits, or all if None are wanted."""
        while True:
            with self._lock:
                if not self._next:
                    return None
                made_for, future = self._next.pop(0)
            if future.exception() is not None:  # whatever it was: asked again, it is raised
                continue
            child = future.result()
            if made_for == limits and child.wait(0) is None:
                return child
            child.end()
            child.log.finish(1)

    def boot(self, limits: Limits) -> Boot:
        return self._cold.boot(limits)

    def spawn(self, limits: Limits, module: str = "main") -> Child:
        """Fork a child that runs the runner's `module`. Raises SandboxError."""
        try:
            return self._spawn(limits, module)
        except _Dead:
            self._restart()  # out of memory, perhaps; whatever it was, one more start is worth it
        try:
            return self._spawn(limits, module)
        except _Dead as error:
            raise blame.not_started(error.log) from error

    def close(self) -> None:
        if self._notebooks:
            self._notebooks.close()
        self._waiting(None)
        self._restart()
        self._cold.close()

    def _restart(self) -> None:
        """End the zygote; the next who needs one starts it."""
        with self._lock:
            zygote, self._zygote = self._zygote, None
        if zygote:
            zygote.end()

    def _running(self) -> "_Zygote":
        with self._lock:
            if self._zygote is None:
                self._zygote = _Zygote(self._cold, notebooks=self._for_notebooks)
            return self._zygote

    def _spawn(self, limits: Limits, module: str) -> Child:
        zygote = self._running()
        with ExitStack() as held, ExitStack() as passed:
            group = held.enter_context(self._cold.groups.group(limits)) if self._cold.groups else None
            pair = ends(held, passed, limits.log_bytes)
            status, their_status = socket.socketpair()
            held.enter_context(closing(status))
            passed.enter_context(closing(their_status))
            order = {
                "module": module,
                "tmpfs": bubblewrap.tmpfs(limits),
                "devices": [target for _, target in bubblewrap.DEVICES],
                "hidden": bubblewrap.hidden(limits),
                "hostname": bubblewrap.HOSTNAME,
            }
            zygote.order(order, [pair.theirs.fileno(), pair.output, their_status.fileno()])
            passed.close()
            pidfd = zygote.started(status)
            held.callback(os.close, pidfd)
            pid = _pid(pidfd)
            if group:
                group.add(pid)
            status.sendall(b"g")
            kill = partial(_kill, pidfd)
            return Child(
                channel=pair.ours,
                log=pair.log,
                kill=kill,
                wait=partial(_ending, status),
                pid=pid,
                meter=group or watched(held, pid, limits, kill),
                held=held.pop_all(),
            )


class _Dead(Exception):
    """The zygote does not answer any more."""

    def __init__(self, log: str) -> None:
        super().__init__("the zygote is dead")
        self.log = log


class _Zygote:
    """The process and its channel. Ends with this process, or by `end`."""

    def __init__(self, cold: ColdSandbox, *, notebooks: bool) -> None:
        self._cold = cold
        self._for_notebooks = notebooks
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._ready = threading.Event()
        self._child: Child | None = None
        self._error: BaseException | None = None
        # bubblewrap dies with the thread that started it: this one lives as long as the zygote is wanted.
        self._keeper = threading.Thread(target=self._keep, name="zygote keeper", daemon=True)
        self._keeper.start()
        self._ready.wait()
        if self._error:
            raise self._error

    def order(self, order: Mapping[str, object], descriptors: list[int]) -> None:
        """Raises _Dead."""
        text = json.dumps(order).encode()
        try:
            with self._lock:
                socket.send_fds(self._channel, [LENGTH.pack(len(text)) + text], descriptors)
        except OSError as error:
            raise _Dead(self._log()) from error

    def started(self, status: socket.socket) -> int:
        """The pidfd of the child that was ordered with this status channel. Raises _Dead."""
        status.settimeout(START_SECONDS)
        try:
            _, descriptors, _, _ = socket.recv_fds(status, 1, 1)
        except OSError as error:
            raise _Dead(self._log()) from error
        if not descriptors:
            raise _Dead(self._log())
        return descriptors[0]

    def end(self) -> None:
        self._over.set()
        self._keeper.join()

    @property
    def _channel(self) -> socket.socket:
        assert self._child
        return self._child.channel

    def _log(self) -> str:
        if self._child is None:
            return ""
        self._child.log.finish(0.2)
        return self._child.log.text

    def _keep(self) -> None:
        try:
            self._child = self._cold.spawn(Limits(), "zygote", trusted=True)
            # It stays as it is: what a submission gives up, each fork gives up for itself.
            boot = self._cold.boot(Limits())
            ready(self._child, replace(boot, rlimits={}, programs=(), notebooks=self._for_notebooks))
            self._child.channel.settimeout(START_SECONDS)
        except BaseException as error:  # noqa: BLE001 — raised again by whoever waits for it
            self._error = error
        finally:
            self._ready.set()
        if self._error is None:
            self._over.wait()
        if self._child:
            self._child.end()
            self._child.log.finish(1)


def _pid(pidfd: int) -> int:
    """The process behind a pidfd, as this machine counts. Raises SandboxError when it has ended."""
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        name, _, value = line.partition(":\t")
        if name == "Pid" and int(value) > 0:
            return int(value)
    raise SandboxError("a sandbox ended before it began", next_step="run `heldout doctor`")


def _kill(pidfd: int) -> None:
    """The kernel ends a namespace with its first process."""
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def _ending(status: socket.socket, seconds: float) -> Ending | None:
    """What the supervisor tells when everything has ended; None when that is not within `seconds`."""
    status.settimeout(max(seconds, 0.0001))
    try:
        told = status.recv(ENDING.size, socket.MSG_WAITALL)
    except TimeoutError:
        return None
    except ConnectionResetError:
        told = b""
    if len(told) < ENDING.size:  # the supervisor is gone, with the zygote and everything below it
        return Ending(128 + signal.SIGKILL)
    code, cpu_seconds = ENDING.unpack(told)
    return Ending(shell_code(code), cpu_seconds)
