"""Kits as files, made once for each state of what they are made of: a class starts all at once."""

import hashlib
import os
from pathlib import Path
from threading import Lock

from desk.local import LocalDesk

_making = Lock()


def kit_of(desk: LocalDesk, slug: str) -> tuple[Path, str]:
    """The zip of `start` and its SHA-256. Raises HeldoutError."""
    sources = desk.kit_sources(slug)
    stamp = "\0".join(f"{name} {path.stat().st_mtime_ns} {path.stat().st_size}" for name, path in sources)
    name = f"{slug}-{hashlib.sha256(stamp.encode()).hexdigest()[:16]}"
    folder = desk.course.folder / "kits"
    with _making:
        found = next(folder.glob(f"{name}-*.zip"), None)
        if found is None:
            folder.mkdir(mode=0o700, exist_ok=True)
            data = desk.kit(slug)
            found = folder / f"{name}-{hashlib.sha256(data).hexdigest()}.zip"
            temporary = found.with_suffix(".part")
            temporary.write_bytes(data)
            os.replace(temporary, found)
            _sweep(folder, slug, found)
    return found, found.stem.rsplit("-", 1)[1]


def _sweep(folder: Path, slug: str, kept: Path) -> None:
    """Of what changed since, whoever downloads it still has it open."""
    for path in folder.glob(f"{slug}-????????????????-*"):
        if path != kept:
            path.unlink(missing_ok=True)
