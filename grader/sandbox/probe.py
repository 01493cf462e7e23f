"""Which layers of the sandbox hold on this machine, shown by effect; and which sandbox to use."""

import io
import logging
import os
import re
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from grader.errors import HeldoutError, SandboxError
from grader.sandbox import Allowance, Sandbox, Tensor, TensorSpec, advice, bubblewrap, gpu
from grader.sandbox.bubblewrap import SHARED_MEMORY
from grader.sandbox.child import Child
from grader.sandbox.cold import ColdSandbox
from grader.sandbox.runner.selftest import CHECKS
from grader.sandbox.session import Boot
from grader.sandbox.slots import FIRST_UID
from grader.sandbox.unconfined import UnconfinedSandbox
from grader.sandbox.wire import ChannelClosed, Failure, Garbled, Wire
from grader.sandbox.zygote import ZygoteSandbox
from grader.spec import Limits, readable

log = logging.getLogger(__name__)

DOUBLING = """
class Model:
    def double(self, x):
        assert x.is_cuda
        return x * 2

def load(folder, device):
    return Model()
"""

SECONDS = 60.0  # a busy machine is not a broken one
KILL_SECONDS = 10.0
DATA_SETS = (
    "/usr/share/datasets",
    "/usr/share/dict",
    "/usr/lib/bible.data",
    "/usr/share/bible-kjv",
    "/home",
)
OLDEST_BUBBLEWRAP = (0, 7)  # it learned --size


@dataclass(frozen=True)
class Layer:
    """`probe` says what was tried or found, `fix` what to do when it is not live."""

    layer: str
    live: bool
    probe: str
    fix: str
    required: bool = True


def choose(
    name: str, python: Path = Path(sys.executable), *, unconfined: bool = True, resident: bool = False
) -> Sandbox:
    """The sandbox called "auto", "zygote", "cold" or "none"; "auto" is the zygote where its self-test passes.

    Raises SandboxError unless every required layer holds. Never falls back to less than the cold sandbox:
    only an explicit "none" runs student code unprotected, and not where `unconfined` is refused.
    With `resident` the runtime is kept in memory where there is room: seconds that who grades must spend.
    """
    if name == "none" and unconfined:
        return UnconfinedSandbox(python)
    if name not in ("auto", "zygote", "cold"):
        raise SandboxError(f"there is no sandbox {name!r} here", expected="auto, zygote or cold")
    cold = ColdSandbox(python)
    _demand(layer for layer in probe(cold) if layer.required)
    if resident:
        try:
            cold.keep_in_memory()
        except SandboxError as error:
            log.info("%s: %s", error.what, error.where)
    return cold if name == "cold" else _warm_or(cold, required=name == "zygote")


def _warm_or(cold: ColdSandbox, *, required: bool) -> Sandbox:
    zygote = ZygoteSandbox(cold)
    layer = probe_zygote(zygote)
    if layer.live:
        return zygote
    zygote.close()
    if required:
        _demand([layer])
    log.warning("grading with cold sandboxes, some seconds slower each: %s", layer.probe)
    return cold


def _demand(layers: Iterable[Layer]) -> None:
    for layer in layers:
        if not layer.live:
            raise SandboxError(
                f"the sandbox lacks a layer: {layer.layer}",
                where=layer.probe,
                expected="every required layer of `heldout doctor`",
                next_step=layer.fix,
            )


def inspect() -> list[Layer]:
    """What `heldout doctor` shows: the layers of the cold sandbox, then the zygote."""
    cold = ColdSandbox()
    layers = probe(cold)
    if all(layer.live for layer in layers if layer.required):
        with closing(ZygoteSandbox(cold)) as zygote:
            layers.append(probe_zygote(zygote))
        layers += [probe_page_cache(cold), probe_gpu(cold)]
    return layers


def probe(sandbox: ColdSandbox | None = None) -> list[Layer]:
    """Every layer in the order of need; ends at the first without which no other can be tried."""
    sandbox = sandbox or ColdSandbox()
    layers = [_bubblewrap(), _interpreter(sandbox)]
    if not all(layer.live for layer in layers):
        return layers
    try:
        tried = _try_inside(sandbox)
    except (HeldoutError, TimeoutError, ChannelClosed, Garbled) as error:
        return _not_started(layers, str(error) or type(error).__name__)
    started = Layer("user namespaces", True, "bubblewrap started a process in its own", "")
    inside = [
        Layer(name, tried.held[name], advice.MEANING[name], advice.FIXES.get(name, advice.REPORT))
        for name in CHECKS
    ]
    return [*layers, started, _uid(tried.uid), *inside, _cgroup(sandbox), _deadlines(tried.kill_seconds)]


def probe_zygote(zygote: ZygoteSandbox) -> Layer:
    """Whether all that holds in a cold sandbox holds in a fork, too, and how long a fork takes."""
    fix = "grading works without it, some seconds slower for each submission; see the probe's words"
    try:
        tried = _try_inside(zygote)
    except (HeldoutError, TimeoutError, ChannelClosed, Garbled) as error:
        said = (str(error) or type(error).__name__).splitlines()
        return Layer("zygote", False, said[-1], fix, required=False)
    missing = [name for name, held in tried.held.items() if not held]
    if missing:
        return Layer("zygote", False, f"does not hold in a fork: {', '.join(missing)}", fix, required=False)
    said_in = f"all of these hold in a fork, too, which starts in {tried.start_seconds * 1000:.0f} ms"
    return Layer("zygote", True, said_in, "", required=False)


def _bubblewrap() -> Layer:
    try:
        path = bubblewrap.program()
    except SandboxError as error:
        return Layer("bubblewrap", False, error.what, error.next_step)
    said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=SECONDS)
    version = re.search(r"(\d+)\.(\d+)", said.stdout)
    recent = version is not None and tuple(map(int, version.groups())) >= OLDEST_BUBBLEWRAP
    expected = ".".join(map(str, OLDEST_BUBBLEWRAP))
    return Layer(
        "bubblewrap", recent, f"{path}: {said.stdout.strip()}", f"install bubblewrap {expected} or newer"
    )


def _interpreter(sandbox: ColdSandbox) -> Layer:
    try:
        parts = len(sandbox.runtime.binds)
    except SandboxError as error:
        return Layer("interpreter", False, str(error), error.next_step)
    return Layer("interpreter", True, f"{sandbox.python} and {parts} files and folders that it needs", "")


def probe_page_cache(cold: ColdSandbox) -> Layer:
    """Whether the whole runtime can be kept in memory; `choose` does it for those who grade."""
    try:
        with closing(cold):
            resident = cold.keep_in_memory()
            live, size = resident.all_cached(), readable(resident.total_bytes)
    except SandboxError as error:
        return Layer("page cache", False, f"{error.what}: {error.where}", error.next_step, required=False)
    said = f"all of the largest of the runtime's files was cached once {size} were locked"
    return Layer("page cache", live, said, advice.REPORT, required=False)


def probe_gpu(cold: ColdSandbox) -> Layer:
    """A product on the device, by a submission like any other."""
    if not gpu.present():
        said = "no NVIDIA GPU: /dev/nvidiactl is absent; not needed by the shipped assignments"
        return Layer("gpu", False, said, "", required=False)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("model.py", DOUBLING)
    one, limits = TensorSpec("float32", (1,)), Limits(gpu=True, memory_bytes=8 << 30)
    try:
        with cold.open(archive.getvalue(), limits, Allowance(SECONDS), public=True) as session:
            session.call("double", [Tensor(one, bytes(4))], [one])
    except HeldoutError as error:
        return Layer("gpu", False, error.what, error.next_step or advice.REPORT, required=False)
    return Layer(
        "gpu", True, "a submission computed on the device; its memory is free again", "", required=False
    )


class Launcher(Protocol):
    def boot(self, limits: Limits) -> Boot: ...
    def spawn(self, limits: Limits, module: str) -> Child: ...


@dataclass(frozen=True)
class Tried:
    held: Mapping[str, bool]  # by check
    uid: int
    start_seconds: float
    kill_seconds: float


def _try_inside(launcher: Launcher) -> Tried:
    """Run the self-test in two sandboxes, one after the other: the second looks for what the first left."""
    with _listener() as port:
        first, second = (_try_once(launcher, port) for _ in range(2))
    held = {name: first.held[name] and second.held[name] for name in CHECKS}
    return replace(second, held=held)


def _try_once(launcher: Launcher, port: int) -> Tried:
    limits = Limits()
    boot = launcher.boot(limits)
    started = time.monotonic()
    child = launcher.spawn(limits, "selftest")
    wire = Wire(child.channel)
    try:
        deadline = wire.clock.now() + SECONDS
        wire.send(boot.head(), boot.programs, deadline)
        start_seconds = time.monotonic() - started
        hidden = [*DATA_SETS, str(Path(__file__).resolve())]
        wire.send({"port": port, "hidden": hidden, "shared_memory": SHARED_MEMORY}, [], deadline)
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
    return Tried(held, uid, start_seconds, killed)


def _cgroup(sandbox: ColdSandbox) -> Layer:
    if sandbox.groups:
        said = (
            f"version {sandbox.groups.version}: a process that took more memory than its group has was killed"
        )
        return Layer("cgroup", True, said, "", required=False)
    said = "no control group can be made: a watchdog adds up memory 20 times a second instead"
    return Layer("cgroup", False, said, advice.CGROUP, required=False)


def _uid(uid: int) -> Layer:
    """Root's sandboxes have a uid each; an ordinary user's share the user's, and its limits."""
    if os.geteuid() == 0:
        return Layer("uid", uid >= FIRST_UID, f"student code runs as uid {uid}", advice.REPORT)
    shared = f"student code runs as your own uid {uid}: your sandboxes share its limits"
    return Layer("uid", True, shared, "", required=False)


def _deadlines(seconds: float) -> Layer:
    said = f"a process that ignores every signal was gone after {seconds * 1000:.0f} ms"
    return Layer("deadlines", seconds < KILL_SECONDS, said, advice.REPORT)


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
    # bubblewrap, which runs as the sandbox's uid, can't reach what it must bind, or Python can't read it.
    if "source path" in said or "cannot import name" in said or "Permission denied" in said:
        return [layers[0], Layer("interpreter", False, said, advice.UNREADABLE)]
    return [*layers, Layer("user namespaces", False, said, advice.on_namespaces())]
