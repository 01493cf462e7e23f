"""Which shared libraries an ELF file asks for. Reads the file only: `ldd` runs its loader."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NEEDED, DT_STRTAB, DT_RPATH, DT_RUNPATH = 1, 5, 15, 29
LONGEST_NAME = 4096  # a search path may list many folders
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
PROGRAM = struct.Struct("<IIQQQQQQ")
DYNAMIC = struct.Struct("<qQ")


@dataclass(frozen=True)
class Elf:
    needed: tuple[str, ...] = ()
    search: tuple[str, ...] = ()  # RPATH or RUNPATH, $ORIGIN not yet expanded
    loader: str = ""  # PT_INTERP: only programs have one


@dataclass(frozen=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


def read(path: Path) -> Elf:
    """What `path` asks for; an empty record when it is not a 64-bit little-endian ELF file."""
    with path.open("rb") as file:
        head = file.read(HEADER.size)
        if len(head) < HEADER.size or head[:6] != b"\x7fELF\x02\x01":
            return Elf()
        segments = _segments(file, head)
        return Elf(*_dynamic(file, segments), loader=_loader(file, segments))


def _segments(file: BinaryIO, head: bytes) -> list[_Segment]:
    fields = HEADER.unpack(head)
    file.seek(fields[5])
    table = file.read(fields[9] * fields[10])
    found = []
    for start in range(0, len(table) - PROGRAM.size + 1, fields[9]):
        kind, _, offset, address, _, size, _, _ = PROGRAM.unpack_from(table, start)
        found.append(_Segment(kind, offset, address, size))
    return found


def _bytes_of(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def _loader(file: BinaryIO, segments: list[_Segment]) -> str:
    for segment in segments:
        if segment.kind == PT_INTERP:
            return _bytes_of(file, segment.offset, segment.size).rstrip(b"\0").decode()
    return ""


def _dynamic(file: BinaryIO, segments: list[_Segment]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    dynamic = next((segment for segment in segments if segment.kind == PT_DYNAMIC), None)
    if dynamic is None:
        return (), ()
    raw = _bytes_of(file, dynamic.offset, dynamic.size)
    entries = list(DYNAMIC.iter_unpack(raw[: len(raw) // DYNAMIC.size * DYNAMIC.size]))
    table = _file_offset(segments, dict(entries).get(DT_STRTAB, 0))

    def text(offset: int) -> str:
        return _bytes_of(file, table + offset, LONGEST_NAME).split(b"\0", 1)[0].decode()

    needed = tuple(text(value) for tag, value in entries if tag == DT_NEEDED)
    search = [text(value) for tag, value in entries if tag in (DT_RPATH, DT_RUNPATH)]
    return needed, tuple(part for paths in search for part in paths.split(":") if part)


def _file_offset(segments: list[_Segment], address: int) -> int:
    for segment in segments:
        if segment.kind == PT_LOAD and segment.address <= address < segment.address + segment.size:
            return segment.offset + address - segment.address
    return 0
