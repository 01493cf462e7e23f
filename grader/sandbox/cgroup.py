"""Control groups: memory, processes and processor time of all of a sandbox's processes together.

The first that works of version 2 (a subtree that may be written: root's, a delegated one), version 1, and
none: then RLIMIT_DATA and the watchdog (`grader.sandbox.watchdog`) must do.
"""

import errno
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grader.errors import SandboxError
from grader.sandbox import mounts
from grader.spec import MIB, Limits

PREFIX = "heldout-"
CONTROLLERS = ("memory", "pids", "cpu")
PERIOD = 100_000  # microseconds over which processor time is shared out
REMOVE_SECONDS = 5.0  # the last process may be gone a moment before its group may be
SOCKET_BYTES = 64 * MIB  # unread in TCP sockets: version 1 counts them beside memory, not in it
FULL = 0.95  # of its memory: the kernel counts in batches
TRIAL_BYTES = 16 * MIB
TRIAL = "import sys\nfor p in sys.argv[1:]: open(p, 'w').write('0')\nbytearray(64 << 20)\n"


@dataclass(frozen=True)
class Counted:
    """What the kernel counted for a group."""

    cpu_seconds: float
    peak_bytes: int  # resident and scratch and caches, of all processes together; 0 where it isn't counted
    oom_kills: int
    full: bool  # the group's own limit was met: without that, a kill was for the machine's lack of memory


@dataclass(frozen=True)
class Group:
    """One sandbox's groups: one folder in version 2, one for each controller in version 1."""

    version: int
    folders: Mapping[str, Path]  # by controller

    @property
    def entrances(self) -> list[str]:
        """Files to write "0" to, in order to join."""
        return sorted({str(folder / "cgroup.procs") for folder in self.folders.values()})

    def add(self, pid: int) -> None:
        """Move a process of ours in, before it starts anything. Raises OSError."""
        for entrance in self.entrances:
            _write(Path(entrance), str(pid))

    def counted(self) -> Counted:
        memory, cpu = self.folders["memory"], self.folders.get("cpuacct", self.folders["cpu"])
        if self.version == 2:
            micro, events = _field(cpu / "cpu.stat", "usage_usec"), memory / "memory.events"
            peak, full = _number(memory / "memory.peak"), _field(events, "oom") > 0  # a peak since Linux 5.19
            return Counted(micro / 1e6, peak, _field(events, "oom_kill"), full)
        nano, peak = _number(cpu / "cpuacct.usage"), _number(memory / "memory.max_usage_in_bytes")
        full = peak >= FULL * _number(memory / "memory.limit_in_bytes")  # not every kernel keeps a failcnt
        return Counted(nano / 1e9, peak, _field(memory / "memory.oom_control", "oom_kill"), full)


@dataclass(frozen=True)
class Hierarchy:
    """Where groups can be made: a parent folder for each controller."""

    version: int
    parents: Mapping[str, Path]

    @contextmanager
    def group(self, limits: Limits) -> Iterator[Group]:
        """A fresh group with these limits; removed, with whatever was made below it, on leaving."""
        name = f"{_prefix(os.getpid())}{secrets.token_hex(4)}"  # never used again: a dying group lingers
        made = Group(self.version, {key: parent / name for key, parent in self.parents.items()})
        try:
            _make(made, limits)
            yield made
        finally:
            for folder in set(made.folders.values()):
                _remove(folder)


def _make(group: Group, limits: Limits) -> None:
    try:
        for folder in set(group.folders.values()):
            folder.mkdir()
        for controller, settings in _settings(group.version, limits).items():
            for file, value in settings.items():
                _set(group.folders[controller] / file, value)
    except OSError as error:
        raise SandboxError(
            "a control group can't be made", where=str(error), next_step="run `heldout doctor`"
        ) from error


def _settings(version: int, limits: Limits) -> dict[str, dict[str, str]]:
    memory, quota = str(limits.memory_bytes), limits.threads * PERIOD
    pids = {"pids.max": str(limits.processes)}
    if version == 2:
        in_memory = {"memory.max": memory, "?memory.swap.max": "0"}
        return {"memory": in_memory, "pids": pids, "cpu": {"cpu.max": f"{quota} {PERIOD}"}}
    # In this order: the sum with swap may never be less than memory alone.
    in_memory = {"memory.limit_in_bytes": memory, "?memory.memsw.limit_in_bytes": memory}
    in_memory["?memory.kmem.tcp.limit_in_bytes"] = str(SOCKET_BYTES)
    cpu = {"cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": str(quota)}
    return {"memory": in_memory, "pids": pids, "cpu": cpu, "cpuacct": {}}


def _set(path: Path, value: str) -> None:
    """A file whose name begins with "?" is absent on machines that don't account for swap."""
    optional = path.name.startswith("?")
    path = path.with_name(path.name.removeprefix("?"))
    if path.exists() or not optional:
        _write(path, value)


@cache
def hierarchy() -> Hierarchy | None:
    """The first that works, shown by effect: a process that takes more than its group has is killed."""
    for find in (_version_2, _version_1):
        for found in find():
            if works(found):
                _sweep(found)
                return found
    return None


def works(found: Hierarchy) -> bool:
    limits = Limits(memory_bytes=TRIAL_BYTES)
    try:
        with found.group(limits) as group:
            command = [sys.executable, "-I", "-S", "-c", TRIAL, *group.entrances]
            ended = subprocess.run(command, capture_output=True, timeout=60, check=False)
            return ended.returncode < 0 and group.counted().oom_kills > 0
    except (SandboxError, OSError, subprocess.TimeoutExpired):
        return False


def _version_1() -> Iterator[Hierarchy]:
    parents = {}
    for controller in (*CONTROLLERS, "cpuacct"):
        mounted = [each for each in mounts.found() if each.kind == "cgroup" and controller in each.options]
        if not mounted:
            return
        parents[controller] = mounts.below(mounted[0], mounts.own(controller))
    yield Hierarchy(1, parents)


def _version_2() -> Iterator[Hierarchy]:
    """From the top of the tree down to our own group: the first folder where controllers can be given on."""
    for mount in [each for each in mounts.found() if each.kind == "cgroup2"]:
        own = mounts.below(mount, mounts.own(""))
        line = [own, *own.parents]
        for parent in reversed(line[: line.index(mount.point) + 1]):
            with suppress(OSError):
                yield Hierarchy(2, dict.fromkeys(CONTROLLERS, _delegated(parent, own)))


def _delegated(parent: Path, own: Path) -> Path:
    """A folder below `parent` whose groups have all controllers. Raises OSError where it can't be."""
    if not set(CONTROLLERS) <= set((parent / "cgroup.controllers").read_text().split()):
        raise FileNotFoundError(errno.ENOENT, "controllers are missing", str(parent))
    try:
        _give_on(parent)
    except OSError as error:
        if error.errno != errno.EBUSY or parent != own:
            raise
        _make_room(parent)  # a group that has processes of its own can't give controllers on
        _give_on(parent)
    folder = parent / "heldout"
    folder.mkdir(exist_ok=True)
    _give_on(folder)
    return folder


def _give_on(folder: Path) -> None:
    _write(folder / "cgroup.subtree_control", " ".join(f"+{name}" for name in CONTROLLERS))


def _make_room(own: Path) -> None:
    """What a container's or a delegated scope's processes do with themselves: they move one level down."""
    leaf = own / "heldout-graders"
    leaf.mkdir(exist_ok=True)
    for pid in (own / "cgroup.procs").read_text().split():
        with suppress(ProcessLookupError):
            _write(leaf / "cgroup.procs", pid)


def _prefix(grader: int) -> str:
    """Of its groups. With the pid namespace: another container's graders have numbers of their own."""
    return f"{PREFIX}{grader}-{os.stat('/proc/self/ns/pid').st_ino:x}-"


def _sweep(found: Hierarchy) -> None:
    """End what graders that were killed have left: groups, and whoever outlived them there."""
    for parent in set(found.parents.values()):
        for folder in parent.glob(f"{PREFIX}[0-9]*-*-*"):
            grader = int(folder.name.split("-")[1])
            if folder.name.startswith(_prefix(grader)) and not Path(f"/proc/{grader}").exists():
                with suppress(OSError, SandboxError):
                    _kill(folder)
                    _remove(folder)


def _kill(folder: Path) -> None:
    for pid in map(int, (folder / "cgroup.procs").read_text().split()):
        if pid > 0:  # 0 is a process that can't be seen from here
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _remove(folder: Path) -> None:
    """Raises SandboxError when processes are left in it."""
    deadline = time.monotonic() + REMOVE_SECONDS
    while True:
        try:
            folder.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise SandboxError(
                    "a control group can't be removed",
                    where=f"{folder}: {error.strerror}",
                    expected="no process left of a sandbox that has ended",
                    next_step="look at the processes that its cgroup.procs names",
                ) from error
            time.sleep(0.001)


def _write(path: Path, value: str) -> None:
    """In one write(2), as the kernel wants it; never creates a file."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)


def _number(path: Path) -> int:
    """0 where this kernel doesn't count it."""
    try:
        return int(path.read_text())
    except FileNotFoundError:
        return 0


def _field(path: Path, name: str) -> int:
    found = re.search(rf"^{name} (\d+)$", path.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0
