"""One uid per open sandbox, so that two of them share no limit and cannot signal each other. Root only."""

import fcntl
import os
from collections.abc import Iterable, Iterator
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
        found = first_free(folder, range(FIRST_UID, FIRST_UID + SLOTS))
    except OSError as error:
        raise SandboxError(
            "no uid can be leased for a sandbox",
            where=f"{folder}: {error.strerror}",
            expected="a folder that root can write",
            next_step="run the grader with a writable /run, or as an ordinary user",
        ) from error
    if found is None:
        raise SandboxError(
            f"all {SLOTS} sandbox slots of this machine are in use",
            where=str(folder),
            next_step="grade fewer submissions at a time (`heldout grade --jobs`)",
        )
    uid, descriptor = found
    try:
        yield uid
    finally:
        os.close(descriptor)


def first_free(folder: Path, numbers: Iterable[int]) -> tuple[int, int] | None:
    """The first number whose lock nobody on this machine holds, and the descriptor that now does."""
    for number in numbers:
        descriptor = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return number, descriptor
    return None
