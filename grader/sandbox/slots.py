"""One uid per open sandbox, so that two of them share no limit and cannot signal each other. Root only."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.errors import SandboxError

FIRST_UID, SLOTS = 60600, 256
FOLDER = Path("/run/heldout/slots")


@contextmanager
def lease(folder: Path = FOLDER) -> Iterator[int]:
    """A uid that no other sandbox of this machine has until the context is left (or this process dies)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        uid, descriptor = _first_free(folder)
    except OSError as error:
        raise SandboxError(
            "no uid can be leased for a sandbox",
            where=f"{folder}: {error.strerror}",
            expected="a folder that root can write",
            next_step="run the grader with a writable /run, or as an ordinary user",
        ) from error
    try:
        yield uid
    finally:
        os.close(descriptor)


def _first_free(folder: Path) -> tuple[int, int]:
    for uid in range(FIRST_UID, FIRST_UID + SLOTS):
        descriptor = os.open(folder / str(uid), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return uid, descriptor
    raise SandboxError(
        f"all {SLOTS} sandbox slots of this machine are in use",
        where=str(folder),
        next_step="grade fewer submissions at a time (`heldout grade --jobs`)",
    )
