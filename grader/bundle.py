"""A backup's file: a plain tar whose last two members prove all the others, to the last bit.

ledger.db, ledger.dump   the database: SQLite's file, or what PostgreSQL's pg_dump wrote
course.toml … data/ …    the course folder's files, archives last
manifest.json            what it is of, and every member above with its size and SHA-256
manifest.sha256          of manifest.json, as `sha256sum --check` reads it

It is not compressed: most of it is zips and noise already, any tar reads it, a tool that removes duplicates
finds them, and nothing in it can unpack into more than the file has.
"""

import hashlib
import os
import re
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from grader.errors import HeldoutError

FORMAT = 1  # of the file; a newer program may raise it
MANIFEST, PROOF = "manifest.json", "manifest.sha256"
DATABASES = {"sqlite": "ledger.db", "postgresql": "ledger.dump"}
CHUNK = 1 << 20  # bytes read at a time
LONGEST_MANIFEST = 1 << 28  # bytes: a million members
# What there may be: names that lead nowhere else, of a folder's depth that we know.
NAMES = re.compile(
    r"ledger\.db|ledger\.dump|course\.toml|seed|\.gitignore|archives/[0-9a-f]{2}/[0-9a-f]{64}\.zip"
    r"|data/[^/\\\0.][^/\\\0]*/(public\.npz|heldout\.npz|manifest\.json)"
    r"|grades\.toml|notebooks/[a-z0-9-]+/notebook\.ipynb"
)


class Member(BaseModel):
    model_config = ConfigDict(frozen=True)

    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    heldout: str  # the version that wrote it
    made_at: AwareDatetime
    title: str  # the course's
    database: Literal["sqlite", "postgresql"]
    revision: Annotated[str, Field(pattern=r"^\w+$")]  # of the database's schema
    rows: Mapping[str, int]  # by table
    missing: Mapping[str, str] = Field(default_factory=dict)  # what the course itself lacked, and why
    members: Mapping[str, Member]


class Writer:
    """Writes a bundle, member by member; without `close` there is no manifest, so it is none."""

    def __init__(self, file: IO[bytes], made_at: datetime) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT)  # noqa: SIM115 (see `close`)
        self._made_at = made_at
        self.members: dict[str, Member] = {}

    def add(self, name: str, source: Path) -> None:
        with source.open("rb") as file:
            file.seek(0, 2)
            size = file.tell()
            file.seek(0)
            self._add(name, file, size)

    def add_bytes(self, name: str, data: bytes) -> None:
        self._add(name, BytesIO(data), len(data))

    def close(self, manifest: Manifest) -> None:
        text = manifest.model_dump_json(indent=1).encode()
        self.add_bytes(MANIFEST, text)
        self.add_bytes(PROOF, _proof(text))
        self._tar.close()

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o600, int(self._made_at.timestamp())
        hashed = _Hashed(file)
        self._tar.addfile(info, hashed)  # type: ignore[arg-type]  # it only reads
        self.members[name] = Member(size=size, sha256=hashed.sha256.hexdigest())


class _Hashed:
    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.sha256 = file, hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self.sha256.update(data)
        return data


class Bundle:
    """A bundle whose manifest is proved and names just the members that there are."""

    def __init__(self, path: Path, tar: tarfile.TarFile, found: Mapping[str, tarfile.TarInfo]) -> None:
        self._path, self._tar, self._found = path, tar, found
        self.manifest = _parse(path, self._proved(found))
        self._check_names()

    def verify(self) -> None:
        """Read everything. Raises HeldoutError for the first member that is not what was written."""
        for name in self.manifest.members:
            for _ in self._chunks(name):
                pass

    def unpack(self, folder: Path) -> None:
        """Write all members into a folder of one's own. Raises HeldoutError like `verify`, or OSError."""
        for name in self.manifest.members:
            target = folder / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with new_file(target) as file:
                for chunk in self._chunks(name):
                    file.write(chunk)

    def _chunks(self, name: str) -> Iterator[bytes]:
        expected, sha256 = self.manifest.members[name], hashlib.sha256()
        for chunk in self._read(name):
            sha256.update(chunk)
            yield chunk
        if sha256.hexdigest() != expected.sha256:
            raise _damaged(self._path, f"{name} is not what was backed up", f"SHA-256 {expected.sha256}")

    def _read(self, name: str) -> Iterator[bytes]:
        file = self._tar.extractfile(self._found[name])
        while file is not None and (chunk := file.read(CHUNK)):
            yield chunk

    def _proved(self, found: Mapping[str, tarfile.TarInfo]) -> bytes:
        sizes = [info.size for name, info in found.items() if name in (MANIFEST, PROOF)]
        if len(sizes) < 2 or max(sizes) > LONGEST_MANIFEST:
            raise _damaged(self._path, "the backup breaks off: its manifest is missing", "a file to its end")
        manifest, proof = (b"".join(self._read(name)) for name in (MANIFEST, PROOF))
        if proof != _proof(manifest):
            expected = proof[:64].decode("ascii", "replace")
            raise _damaged(self._path, "the backup's manifest was altered", f"SHA-256 {expected}")
        return manifest

    def _check_names(self) -> None:
        """Raise HeldoutError unless tar and manifest name the same, and all that a course needs."""
        members = self.manifest.members
        there = {name: info.size for name, info in self._found.items() if name not in (MANIFEST, PROOF)}
        needed = {"course.toml", "seed", DATABASES[self.manifest.database]}
        listed = {name: member.size for name, member in members.items()}
        wrong = sorted({name for name, _ in there.items() ^ listed.items()} | needed - there.keys())
        if wrong:
            what = f"{wrong[0]!r} is not as the manifest has it"
            raise _damaged(self._path, what, "what the manifest names, nothing less and nothing more")


@contextmanager
def opened(path: Path) -> Iterator[Bundle]:
    """Open a bundle; no member is read yet. Raises HeldoutError when it is none, or is cut or altered."""
    if not path.is_file():
        raise HeldoutError(f"there is no file {path}", expected="a file that `heldout backup` wrote")
    found = _scan(path)
    try:
        with tarfile.open(path, "r:") as tar:
            yield Bundle(path, tar, found)
    except tarfile.TarError as error:
        raise _no_tar(path) from error


def new_file(path: Path) -> IO[bytes]:
    """A file that was not there, its owner's alone."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _scan(path: Path) -> dict[str, tarfile.TarInfo]:
    try:
        with tarfile.open(path, "r:") as tar:
            return _members(path, tar)
    except (tarfile.TarError, ValueError, OverflowError, MemoryError) as error:  # the last of absurd sizes
        raise _no_tar(path) from error


def _members(path: Path, tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    """Plain files of names that we know, each once; whatever else a tar can hold is refused."""
    found: dict[str, tarfile.TarInfo] = {}
    last = -1
    for info in tar:
        known = NAMES.fullmatch(info.name) or info.name in (MANIFEST, PROOF)
        plain = info.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not info.issparse()
        in_order = last < info.offset and info.size >= 0
        if not (known and plain and in_order) or info.name in found or info.pax_headers:
            raise HeldoutError(
                f"this is no backup: it holds {info.name[:200]!r}" + (" twice" * (info.name in found)),
                where=str(path),
                expected="plain files of a course, each once",
                next_step="name a file that `heldout backup` wrote; nothing was unpacked",
            )
        found[info.name], last = info, info.offset
    return found


def _parse(path: Path, text: bytes) -> Manifest:
    try:
        version = _Version.model_validate_json(text).format
        if version <= FORMAT:
            return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise _damaged(path, f"the backup's manifest can't be read: {error.errors()[0]['msg']}") from error
    raise HeldoutError(
        f"this backup was made by a newer version of heldout (format {version})",
        where=str(path),
        expected=f"format {FORMAT} or older",
        next_step="upgrade heldout on this machine; nothing was changed",
    )


class _Version(BaseModel):
    format: int


def _proof(manifest: bytes) -> bytes:
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()


def _no_tar(path: Path) -> HeldoutError:
    return _damaged(path, "this is no backup, or is damaged", "a tar, to its end")


def _damaged(path: Path, what: str, expected: str = "what `heldout backup` wrote") -> HeldoutError:
    return HeldoutError(
        what,
        where=str(path),
        expected=expected,
        next_step="use another copy of this backup, or another backup",
    )
