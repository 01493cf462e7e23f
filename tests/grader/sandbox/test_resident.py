"""The runtime's files in memory, with a small folder in the place of gigabytes."""

import ctypes
import mmap
import os
from pathlib import Path

import pytest

from grader.errors import SandboxError
from grader.sandbox import probe, resident
from grader.sandbox.cold import ColdSandbox
from grader.sandbox.resident import Room
from grader.sandbox.runtime import Bind
from grader.spec import MIB

ROOM = Room(8 * MIB, 100)
PAGES = 64


def cached(path: Path) -> int:
    """How many of a file's pages are, by a map of our own that touches none."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    size = ctypes.c_size_t(path.stat().st_size)
    with path.open("rb") as file:
        address = ctypes.c_void_p(libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0))
    pages = (ctypes.c_ubyte * -(-size.value // mmap.PAGESIZE))()
    assert libc.mincore(address, size, pages) == 0
    assert libc.munmap(address, size) == 0
    return sum(each & 1 for each in pages)


def evict(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two libraries that nobody has read, and what a folder may hold besides."""
    made = [tmp_path / "runtime/libone.so", tmp_path / "runtime/below/libtwo.so"]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(PAGES * mmap.PAGESIZE))
        evict(path)
        if cached(path):
            pytest.skip("the temporary folder lies on a file system that is memory")
    (tmp_path / "runtime/empty").touch()
    (tmp_path / "runtime/link.so").symlink_to(made[0])
    (tmp_path / "runtime/dangling").symlink_to("nowhere")
    os.link(made[0], tmp_path / "runtime/another_name.so")
    return made


@pytest.fixture
def binds(files: list[Path], tmp_path: Path) -> list[Bind]:
    return [Bind(str(tmp_path / "runtime"), "/packages/0"), Bind(str(files[1]), "/lib/libtwo.so")]


def test_every_page_is_cached_and_stays(files: list[Path], binds: list[Bind]) -> None:
    kept = resident.lock(binds, ROOM)
    assert [cached(path) for path in files] == [PAGES, PAGES]
    assert kept.total_bytes == 2 * PAGES * mmap.PAGESIZE
    assert kept.all_cached()
    for path in files:
        evict(path)
    assert [cached(path) for path in files] == [PAGES, PAGES]
    kept.close()
    for path in files:
        evict(path)
    assert [cached(path) for path in files] == [0, 0], (
        "they would have stayed anyway: the test proves nothing"
    )


@pytest.mark.parametrize("room", [Room(MIB // 4, 100), Room(8 * MIB, 1)], ids=["bytes", "files"])
def test_without_room_nothing_is_locked(room: Room, files: list[Path], binds: list[Bind]) -> None:
    with pytest.raises(SandboxError, match="can't be kept in memory") as caught:
        resident.lock(binds, room)
    assert "CPU build of torch" in caught.value.next_step
    assert cached(files[0]) == 0


def test_a_limit_on_locked_memory_is_named(binds: list[Bind], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(resident.Resident, "_lock", refused)
    with pytest.raises(SandboxError, match="mlock: Cannot allocate memory") as caught:
        resident.lock(binds, ROOM)
    assert "LimitMEMLOCK=infinity" in caught.value.next_step


def test_who_grades_has_the_layer(
    cold: ColdSandbox, binds: list[Bind], monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = resident.lock
    monkeypatch.setattr(resident, "lock", lambda _: lock(binds, ROOM))
    assert "page cache" not in probe.choose("cold").layers
    chosen = probe.choose("cold", resident=True)
    assert "page cache" in chosen.layers
    chosen.close()
    assert "page cache" not in chosen.layers
    assert probe.probe_page_cache(ColdSandbox()).live
    monkeypatch.setattr(resident, "lock", lambda _: lock(binds, Room(0, 0)))
    assert "page cache" not in probe.choose("cold", resident=True).layers
    layer = probe.probe_page_cache(ColdSandbox())
    assert (layer.live, layer.required) == (False, False)
    assert "CPU build of torch" in layer.fix
