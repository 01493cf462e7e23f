"""Which layers of the sandbox hold on this machine, shown by effect; and which sandbox to use."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader.errors import HeldoutError, SandboxError
from grader.sandbox import Sandbox, bubblewrap
from grader.sandbox.child import Child
from grader.sandbox.cold import ColdSandbox
from grader.sandbox.runner.selftest import CHECKS
from grader.sandbox.slots import FIRST_UID
from grader.sandbox.unconfined import UnconfinedSandbox
from grader.sandbox.wire import ChannelClosed, Failure, Garbled, Wire
from grader.spec import Limits

SECONDS = 60.0  # a busy machine is not a broken one
KILL_SECONDS = 10.0
DATA_SETS = (
    "/usr/share/datasets",
    "/usr/share/dict",
    "/usr/lib/bible.data",
    "/usr/share/bible-kjv",
    "/home",
)
MEANING = {
    "identity": "a process inside has no name and no capability",
    "files": "no data set of the machine is visible, nothing but scratch can be written",
    "network": "a connection to the machine's loopback fails",
    "seccomp": "unshare, AF_VSOCK, io_uring, keyctl and execve are refused",
    "rlimits": "memory, processes and open files end at their limits",
}
REPORT = "report it: this layer should hold wherever bubblewrap starts"
APPARMOR = """allow bubblewrap to make user namespaces: write to /etc/apparmor.d/bwrap
  abi <abi/4.0>,
  profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }
and run `apparmor_parser -r /etc/apparmor.d/bwrap`"""
UNREADABLE = (
    "put interpreter, virtual environment and this checkout where any user can read them (not below a closed"
    " home), or let root make mount namespaces (CAP_SYS_ADMIN)"
)
SYSCTLS = (
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", APPARMOR),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
    ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"),
)
CONTAINER = (
    "allow user namespaces; in Docker: --security-opt seccomp=unconfined"
    " --security-opt systempaths=unconfined"
)


@dataclass(frozen=True)
class Layer:
    """`probe` says what was tried or found, `fix` what to do when it is not live."""

    layer: str
    live: bool
    probe: str
    fix: str
    required: bool = True


def choose(name: str, python: Path = Path(sys.executable)) -> Sandbox:
    """The sandbox called "auto", "cold" or "none". Raises SandboxError unless every required layer holds.

    Never falls back to less: only an explicit "none" runs student code unprotected.
    """
    if name == "none":
        return UnconfinedSandbox(python)
    if name not in ("auto", "cold"):
        raise SandboxError(f"there is no sandbox {name!r}", expected="auto, cold or none")
    sandbox = ColdSandbox(python)
    missing = [layer for layer in probe(sandbox) if layer.required and not layer.live]
    if missing:
        raise SandboxError(
            f"the sandbox lacks a layer: {missing[0].layer}",
            where=missing[0].probe,
            expected="every required layer of `heldout doctor`",
            next_step=missing[0].fix,
        )
    return sandbox


def probe(sandbox: ColdSandbox | None = None) -> list[Layer]:
    """Every layer in the order of need; ends at the first without which no other can be tried."""
    sandbox = sandbox or ColdSandbox()
    layers = [_bubblewrap(), _interpreter(sandbox)]
    if not all(layer.live for layer in layers):
        return layers
    try:
        return layers + _tried_inside(sandbox)
    except (HeldoutError, TimeoutError, ChannelClosed, Garbled) as error:
        return _not_started(layers, str(error) or type(error).__name__)


def _bubblewrap() -> Layer:
    try:
        path = bubblewrap.program()
    except SandboxError as error:
        return Layer("bubblewrap", False, error.what, error.next_step)
    said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=SECONDS)
    return Layer(
        "bubblewrap", said.returncode == 0, f"{path}: {said.stdout.strip()}", "apt install bubblewrap"
    )


def _interpreter(sandbox: ColdSandbox) -> Layer:
    try:
        parts = len(sandbox.runtime.binds)
    except SandboxError as error:
        return Layer("interpreter", False, str(error), error.next_step)
    return Layer("interpreter", True, f"{sandbox.python} and {parts} files and folders that it needs", "")


def _tried_inside(sandbox: ColdSandbox) -> list[Layer]:
    limits = Limits()
    with _listener() as port:
        boot = sandbox.boot(limits, SECONDS)
        child = sandbox.spawn(limits, "selftest")
        wire = Wire(child.channel)
        try:
            deadline = wire.clock.now() + SECONDS
            wire.send(boot.head(), boot.programs, deadline)
            hidden = [*DATA_SETS, str(Path(__file__).resolve())]
            wire.send({"port": port, "hidden": hidden}, [], deadline)
            answer = wire.receive([len(CHECKS)], deadline)
            if isinstance(answer, Failure):
                raise Garbled
            uid = os.stat(f"/proc/{child.pid}").st_uid  # it stays until it is killed
        except (TimeoutError, ChannelClosed, Garbled) as error:
            child.end()
            child.log.finish(SECONDS)
            raise SandboxError(child.log.text.strip() or "the probe inside did not answer") from error
        finally:
            killed = _kill_time(child)
    held = dict(zip(CHECKS, map(bool, answer[0]), strict=True))
    inside = [Layer(name, held[name], MEANING[name], REPORT) for name in CHECKS]
    started = Layer("user namespaces", True, "bubblewrap started a process in its own", "")
    return [started, _uid(uid), *inside, _deadlines(killed)]


def _uid(uid: int) -> Layer:
    """Root's sandboxes have a uid each; an ordinary user's share the user's, and its limits."""
    if os.geteuid() == 0:
        return Layer("uid", uid >= FIRST_UID, f"student code runs as uid {uid}", REPORT)
    shared = f"student code runs as your own uid {uid}: your sandboxes share its limits"
    return Layer("uid", True, shared, "", required=False)


def _deadlines(seconds: float) -> Layer:
    said = f"a process that ignores every signal was gone after {seconds * 1000:.0f} ms"
    return Layer("deadlines", seconds < KILL_SECONDS, said, REPORT)


def _kill_time(child: Child) -> float:
    started = time.monotonic()
    child.end()
    return time.monotonic() - started


@contextmanager
def _listener() -> Iterator[int]:
    """A port of the loopback that answers: an attack that can't succeed outside either proves nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), timeout=SECONDS).close()
        yield port


def _not_started(layers: list[Layer], said: str) -> list[Layer]:
    if "source path" in said:  # bubblewrap, which runs as the sandbox's uid, can't reach what it must bind
        return [layers[0], Layer("interpreter", False, said, UNREADABLE)]
    return [*layers, Layer("user namespaces", False, said, _fix())]


def _fix() -> str:
    """What most likely keeps this machine from making user namespaces."""
    for path, value, advice in SYSCTLS:
        if Path(path).is_file() and Path(path).read_text().strip() == value:
            return advice
    return CONTAINER
