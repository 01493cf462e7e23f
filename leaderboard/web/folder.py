"""Writes a site's files so that a reader never meets half of one, and equal content leaves a file alone."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.errors import HeldoutError


def write_files(out: Path, files: Mapping[str, bytes], *, own: Sequence[str]) -> None:
    """Write `files` (path → content) below `out` in order; then delete others that match a pattern of `own`.

    Raises HeldoutError when the folder can't be written or the disk is full.
    """
    try:
        for name, content in files.items():
            _write(out / name, content)
        stale = {path for pattern in own for path in out.glob(pattern)} - {out / name for name in files}
        for path in stale:
            path.unlink()
    except OSError as error:
        raise HeldoutError(
            f"the files can't be written: {error.strerror}",
            where=str(error.filename or out),
            expected="a folder that you may write to, with room on its disk",
            next_step="name another folder, or free some space",
        ) from error


def _write(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)  # a web server reads it as somebody else
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
