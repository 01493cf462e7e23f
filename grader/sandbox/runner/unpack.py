"""Unpacks a submission inside the sandbox: regular files and folders only, counted while streaming.

No cap on the compression ratio: a file of zeros is honest. What counts is what comes out.
"""

import encodings.cp437  # noqa: F401 - zipfile looks it up for its names: once in the zygote, not in each fork
import io
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .faults import Fault

CHUNK = 1 << 20


@dataclass(frozen=True)
class Caps:
    files: int
    unpacked_bytes: int


def unpack(archive: bytes | bytearray, folder: Path, caps: Caps) -> None:
    """Raises Fault("bad_archive") for what is refused, other errors for what can't be read."""
    if not zipfile.is_zipfile(io.BytesIO(archive)):
        raise _refused("the archive is not a zip file")
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        members = source.infolist()
        if len(members) > caps.files:
            raise _refused(f"the archive has {len(members)} members", f"at most {caps.files}")
        _check_names(members)
        left = caps.unpacked_bytes
        for member in members:
            left = _extract(source, member, folder, left)
            if left < 0:
                raise _refused(
                    "the archive unpacks to too much", f"at most {caps.unpacked_bytes >> 20} MiB in all"
                )


def _check_names(members: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for member in members:
        _check_member(member)
        plain = member.filename.rstrip("/").casefold()
        if plain in seen:
            raise _refused(f"the archive has {member.filename!r} twice, up to case", "different names")
        seen.add(plain)


def _check_member(member: zipfile.ZipInfo) -> None:
    path = PurePosixPath(member.filename)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(f"{member.filename!r} is a link or device", "regular files and folders")
    if path.is_absolute() or ".." in path.parts or "\\" in member.filename or not path.parts:
        raise _refused(f"{member.filename!r} leaves the folder", "names below the submission's folder")


def _extract(source: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, left: int) -> int:
    """Write one member; return how many bytes may still come, below zero when it was too long."""
    target = folder / member.filename
    if member.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return left
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open(member) as stream, target.open("xb") as file:
        while left >= 0 and (chunk := stream.read(CHUNK)):
            left -= len(chunk)
            if left >= 0:
                file.write(chunk)
    return left


def _refused(what: str, expected: str = "the archive that `heldout submit` makes") -> Fault:
    return Fault("bad_archive", what, expected=expected, next_step="pack it with `heldout submit`")
