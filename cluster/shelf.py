"""What a worker was sent of courses, in files called by their SHA-256, verified when they are read."""

import hashlib
import os
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from grader.errors import HeldoutError

MOST_BYTES = 10_000_000_000  # the least recently used go first
INCOMING = ".incoming-"
ABANDONED = 3600.0  # seconds after which what is still incoming was left by a process that died


class Shelf:
    """One folder for all workers of a machine. Raises HeldoutError where others could read it."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise HeldoutError(
                "the folder for held-out data is not this user's alone",
                where=f"{folder} (mode {stat.S_IMODE(found.st_mode):04o}, uid {found.st_uid})",
                expected=f"mode 0700, uid {os.geteuid()}",
                next_step="name another with --cache DIR",
            )

    def has(self, sha256: str) -> bool:
        return self._place(sha256).is_file()

    def get(self, sha256: str) -> bytes | None:
        """None where it was never sent, has been dropped, or is not what was sent."""
        path = self._place(sha256)
        try:
            data = path.read_bytes()
            os.utime(path)
        except FileNotFoundError:
            return None
        if hashlib.sha256(data).hexdigest() == sha256:
            return data
        path.unlink(missing_ok=True)
        return None

    def put(self, sha256: str, data: bytes) -> None:
        """Raises HeldoutError when it is something else, OSError when the disk is full."""
        if hashlib.sha256(data).hexdigest() != sha256:
            raise HeldoutError("what arrived is not what was sent", expected=f"SHA-256 {sha256}")
        self._make_room(len(data))
        descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix=INCOMING)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.replace(temporary, self._place(sha256))
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _make_room(self, size: int) -> None:
        kept = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another worker has dropped it
                status = path.stat()
                if path.name.startswith(INCOMING):  # another worker writes it
                    if status.st_mtime < time.time() - ABANDONED:
                        path.unlink()
                    continue
                kept.append((status.st_mtime, status.st_size, path))
        total = sum(bytes_ for _, bytes_, _ in kept)
        for _, bytes_, path in sorted(kept):
            if total + size <= self._most_bytes:
                return
            path.unlink(missing_ok=True)
            total -= bytes_

    def _place(self, sha256: str) -> Path:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise ValueError(f"{sha256!r} is no SHA-256")
        return self._folder / sha256
