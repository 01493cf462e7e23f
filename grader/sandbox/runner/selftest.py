"""Tries, from inside and confined as a submission is, what a submission must not be able to do."""

import ctypes
import os
import platform
import resource
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from .main import confined

IO_URING_SETUP = 425
KEYCTL = {"x86_64": 250, "aarch64": 219}
CLONE_NEWUSER = 0x10000000
VSOCK = 40
MARK = "heldout-was-here"


def main(descriptor: int) -> None:
    """Answer one request with a byte for each check, 1 when it holds; then defy every signal."""
    channel, _ = confined(descriptor)
    head, _ = channel.receive()
    channel.reply([bytes(check(head) for check in CHECKS.values())])
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(1)


def _uid(_: Mapping[str, Any]) -> bool:
    """No name, no capability, none to be had."""
    with open("/proc/self/status") as status:
        lines = dict(line.split(":\t", 1) for line in status.read().splitlines() if ":\t" in line)
    return os.getuid() == 65534 and int(lines["CapEff"], 16) == int(lines["CapPrm"], 16) == 0


def _files(head: Mapping[str, Any]) -> bool:
    """Data sets are out of sight and nothing but scratch can be written."""
    seen = [path for path in head["hidden"] if os.path.exists(path)]
    written = [folder for folder in ("/", "/dev", "/lib", "/packages/0") if _writable(folder)]
    return not seen and not written


def _writable(folder: str) -> bool:
    try:
        open(f"{folder}/written", "w").close()
    except OSError:
        return False
    return True


def _network(head: Mapping[str, Any]) -> bool:
    """The grader listens on this port of the machine's own loopback: it must not be ours."""
    try:
        socket.create_connection(("127.0.0.1", head["port"]), timeout=2).close()
    except OSError:
        return True
    return False


def _seccomp(_: Mapping[str, Any]) -> bool:
    """Each of these works for an ordinary process of an unconfined machine."""
    libc = ctypes.CDLL(None, use_errno=True)
    calls: tuple[Callable[[], int], ...] = (
        lambda: libc.unshare(CLONE_NEWUSER),
        lambda: libc.socket(VSOCK, socket.SOCK_STREAM, 0),
        lambda: libc.syscall(IO_URING_SETUP, 1, ctypes.create_string_buffer(120)),
        lambda: libc.syscall(KEYCTL[platform.machine()], 1, None),
        lambda: libc.execve(b"/python/bin", None, None),
    )
    return all(call() == -1 for call in calls) and _no_program()


def _no_program() -> bool:
    """A refused execve says EPERM before it looks at the file."""
    try:
        os.execv("/heldout/absent", ["absent"])
    except PermissionError:
        return True
    except OSError:
        return False


def _rlimits(_: Mapping[str, Any]) -> bool:
    return _memory_ends() and _files_end() and _processes_end()


def _memory_ends() -> bool:
    try:
        bytearray(resource.getrlimit(resource.RLIMIT_DATA)[0])
    except MemoryError:
        return True
    return False


def _files_end() -> bool:
    opened = []
    try:
        for _ in range(resource.getrlimit(resource.RLIMIT_NOFILE)[0]):
            opened.append(os.open("/", os.O_RDONLY))
    except OSError:
        return True
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return False


def _processes_end() -> bool:
    started: list[int] = []
    try:
        for _ in range(resource.getrlimit(resource.RLIMIT_NPROC)[0] + 1):
            started.append(_sleeper())
    except OSError:
        return True
    finally:
        for pid in started:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return False


def _sleeper() -> int:
    pid = os.fork()
    if pid == 0:
        try:
            signal.pause()
        finally:
            os._exit(0)
    return pid


def _processes(_: Mapping[str, Any]) -> bool:
    return os.getpid() == 1 and [name for name in os.listdir("/proc") if name.isdigit()] == ["1"]


def _shared_memory(head: Mapping[str, Any]) -> bool:
    found = os.statvfs("/dev/shm")  # noqa: S108
    return bool(found.f_frsize * found.f_blocks >= head["shared_memory"])


def _leftovers(_: Mapping[str, Any]) -> bool:
    """Look for the last sandbox's marks wherever something can be written, and leave our own."""
    found = False
    for folder, _subfolders, names in os.walk("/"):
        found = found or MARK in names
        with suppress(OSError):
            open(f"{folder}/{MARK}", "w").close()
    return not found


CHECKS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "identity": _uid,
    "files": _files,
    "network": _network,
    "seccomp": _seccomp,
    "rlimits": _rlimits,
    "processes": _processes,
    "shared memory": _shared_memory,
    "leftovers": _leftovers,
}
