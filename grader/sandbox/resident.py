"""Keeps the runtime's files in memory: what is cached of them would be a store from one session to the next.

A page of a library that nobody reads is cached from when a session touches it, and a later one sees whether
it is: by its own page tables, by a count of its faults, by time. Locked here, all are cached all the time.
"""

import ctypes
import logging
import mmap
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grader.errors import SandboxError
from grader.sandbox import mounts
from grader.sandbox.runtime import Bind
from grader.spec import readable

log = logging.getLogger(__name__)

SHARE = 0.5  # of memory, at most: the submissions need the rest
OTHER_MAPS = 4_000  # of this process: its own libraries and threads need a thousand or two
SLOW_SECONDS = 2.0
MADV_DONTFORK = 10
FAILED = ctypes.c_void_p(-1).value
FIX = (
    "needs {bytes} of memory to itself; install the CPU build of torch in the student runtime, run the grader"
    " as root or with LimitMEMLOCK=infinity, or give the machine more memory"
)


@dataclass(frozen=True)
class Room:
    """What may be locked."""

    total_bytes: int
    files: int


class Resident:
    """Files whose pages stay in memory until `close`, or until this process ends."""

    def __init__(self) -> None:
        self._maps: list[tuple[int, int]] = []  # address and bytes

    @property
    def total_bytes(self) -> int:
        return sum(size for _, size in self._maps)

    def add(self, path: str) -> None:
        """Raises OSError: ENOMEM or EPERM where it may not be locked."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            if size:
                self._lock(descriptor, size)
        finally:
            os.close(descriptor)

    def all_cached(self) -> bool:
        """Whether the kernel says so, of the largest file."""
        address, size = max(self._maps, key=lambda each: each[1])
        pages = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
        _check(_libc().mincore(ctypes.c_void_p(address), ctypes.c_size_t(size), pages))
        return all(each & 1 for each in pages)

    def close(self) -> None:
        while self._maps:
            address, size = self._maps.pop()
            _check(_libc().munmap(ctypes.c_void_p(address), ctypes.c_size_t(size)))

    def _lock(self, descriptor: int, size: int) -> None:
        libc, length = _libc(), ctypes.c_size_t(size)
        address = libc.mmap(None, length, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, ctypes.c_long(0))
        _check(-1 if address == FAILED else 0)
        self._maps.append((address, size))
        libc.madvise(ctypes.c_void_p(address), length, MADV_DONTFORK)  # forks of ours stay quick
        _check(libc.mlock(ctypes.c_void_p(address), length))


def lock(binds: Iterable[Bind], room: Room | None = None) -> Resident:
    """Read and lock every file of `binds`. Raises SandboxError where this machine has no room for that."""
    started = time.monotonic()
    files = _files(binds)
    total, room = sum(files.values()), room or _room()
    if total > room.total_bytes or len(files) > room.files:
        raise _no_room(total, f"{len(files):,} files; {readable(room.total_bytes)} in {room.files:,} may be")
    resident = Resident()
    try:
        for path in files:
            with suppress(FileNotFoundError, PermissionError):  # nor can it be read inside
                resident.add(path)
    except OSError as error:
        resident.close()
        raise _no_room(total, f"mlock: {error.strerror}") from error
    seconds = time.monotonic() - started
    if seconds > SLOW_SECONDS:
        log.info("locked %s of the student runtime in memory in %.1f s", readable(total), seconds)
    return resident


def _files(binds: Iterable[Bind]) -> dict[str, int]:
    """Path → bytes of each regular file, once for all its names."""
    found = {}
    for path in (path for bind in binds for path in _below(bind.source)):
        status = os.lstat(path)
        if status.st_size:
            found[status.st_dev, status.st_ino] = path, status.st_size
    return dict(found.values())


def _below(source: str) -> Iterator[str]:
    if os.path.isfile(source):
        yield source
        return
    with os.scandir(source) as entries:
        for each in entries:
            if each.is_dir(follow_symlinks=False):
                with suppress(PermissionError):
                    yield from _below(each.path)
            elif each.is_file(follow_symlinks=False):
                yield each.path


def _room() -> Room:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    maps = int(Path("/proc/sys/vm/max_map_count").read_text())
    own = Path("/proc/self/maps").read_text().count("\n")  # another sandbox's files may be among them
    return Room(int(SHARE * min([memory, *mounts.memory_limits()])), maps - own - OTHER_MAPS)


def _no_room(total: int, where: str) -> SandboxError:
    return SandboxError(
        "the student runtime can't be kept in memory",
        where=f"{readable(total)}: {where}",
        next_step=FIX.format(bytes=readable(total)),
    )


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    return libc


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
