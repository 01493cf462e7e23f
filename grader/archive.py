"""The first two doors: a folder becomes an archive, and the archive is kept under its own checksum."""

import errno
import hashlib
import os
import stat
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

from grader.errors import HeldoutError, TooLarge, Unavailable
from grader.outline import MB, Outline, RunKind

INCOMING = ".incoming-"  # how files on their way to the shelf are called
STALE = 24 * 3600.0  # seconds without a write
PUBLIC_DATA = "data"  # the folder that `heldout start` puts the public data in
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest date a zip can hold: equal folders make equal bytes


@dataclass(frozen=True)
class Archive:
    """A submission's bytes, opaque from here on: only a sandbox ever opens them."""

    data: bytes
    file_name: str

    @property
    def size(self) -> int:
        return len(self.data)

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def keep(self, shelf: Path) -> Path:
        return keep(self, shelf)


@dataclass(frozen=True)
class ArrivedArchive:
    """The same in a file on the shelf's disk, whose checksum has been compared with what was sent."""

    path: Path
    size: int
    sha256: str
    file_name: str

    def keep(self, shelf: Path) -> Path:
        """Move it to its place. Raises HeldoutError as `keep` does."""
        goal = place(shelf, self.sha256)
        try:
            _make_folder(goal.parent)
            with open(self.path, "rb") as file:
                os.fsync(file.fileno())
            os.replace(self.path, goal)
            sync_folder(goal.parent)
            sync_folder(shelf)
        except OSError as error:
            raise _not_kept(error, shelf) from error
        return goal


def pack_for(assignment: Outline, source: Path, run_kind: RunKind = RunKind.EVALUATE) -> Archive:
    """What is handed in: a folder's code, weights and all; of a train run the code alone. See `pack`."""
    return pack(source, limit=assignment.archive_limit(run_kind), code_only=run_kind is RunKind.TRAIN)


def pack(source: Path, *, limit: int, code_only: bool = False) -> Archive:
    """Pack a submission's folder, or take a ready-made archive as it is.

    Left out: hidden files, `__pycache__`, and `data/` at the root (the public data of `heldout start`);
    for a train run everything but Python files (`code_only`). Raises HeldoutError when there is nothing to
    pack, a link is in the way, or the result has more than `limit` bytes.
    """
    if source.is_dir():
        archive = Archive(_zip(source, code_only=code_only), f"{source.resolve().name}.zip")
    elif source.is_file():
        archive = Archive(source.read_bytes(), source.name)
        _check_zip(archive, source)
        if code_only:
            _check_code(archive, source)
    else:
        raise HeldoutError(
            f"there is no {source}",
            expected="a folder with model.py in it, or a zip of one",
            next_step="name it with -f DIR",
        )
    check_size(archive, limit, where=_largest(source, code_only=code_only), code_only=code_only)
    return archive


def check_size(
    archive: Archive | ArrivedArchive, limit: int, *, where: str = "", code_only: bool = False
) -> None:
    """Raise HeldoutError when the archive is empty or has more than `limit` bytes. Doesn't look into it."""
    refuse_size(archive.size, limit, where=where or archive.file_name, code_only=code_only)


def refuse_size(size: int, limit: int, *, where: str, code_only: bool = False) -> None:
    """The same by the number of bytes alone, before they arrive."""
    if not size:
        raise HeldoutError("the archive is empty", where=where, expected="a zip with model.py in it")
    if size <= limit:
        return
    raise TooLarge(
        f"the archive has {_size(size)}; the limit is {_size(limit)}",
        where=where,
        expected="Python files alone: the grader trains what a train run is scored with"
        if code_only
        else "code, and weights that fit",
        next_step="shorten the code: a train run is to bring a method along, no data"
        if code_only
        else "store the weights as float16, or leave out what model.py does not need",
    )


def keep(archive: Archive, shelf: Path) -> Path:
    """Write the bytes to `shelf` under their SHA-256 so that a crash leaves all of them or nothing.

    Raises HeldoutError when the disk is full or not writable; then nothing was received.
    """
    path = place(shelf, archive.sha256)
    try:
        _make_folder(path.parent)
        _sweep(path.parent)
        _write_durably(path, archive.data)
    except OSError as error:
        raise _not_kept(error, shelf) from error
    return path


def fetch(shelf: Path, sha256: str) -> bytes:
    """Read a kept archive. Raises HeldoutError when it is gone or is no longer what was received."""
    path = place(shelf, sha256)
    if not path.is_file():
        raise HeldoutError("an archive is missing", where=str(path), next_step="restore it from the backup")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise HeldoutError(
            "an archive was altered after it was received",
            where=str(path),
            expected=f"SHA-256 {sha256}",
            next_step="restore it from the backup",
        )
    return data


def place(shelf: Path, sha256: str) -> Path:
    return shelf / sha256[:2] / f"{sha256}.zip"


def _zip(folder: Path, *, code_only: bool) -> bytes:
    wanted = {"model.py": "load(folder, device)"}
    if code_only:
        wanted["train.py"] = "train(data, out, budget, device, seed)"
    for name, function in wanted.items():
        if not (folder / name).is_file():
            raise HeldoutError(
                f"there is no {name} in {folder}",
                expected=f"{name} at the folder's root, with {function}",
                next_step="run this in your solution's folder, or name it with -f DIR",
            )
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in _files(folder):
            if code_only and path.suffix != ".py":
                continue
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            bundle.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name != PUBLIC_DATA:
            yield from _packed(path)


def _packed(path: Path) -> Iterator[Path]:
    """The files under `path`, itself included, that belong into the archive."""
    if path.name.startswith(".") or path.name == "__pycache__":
        return
    if path.is_symlink() or not (path.is_dir() or path.is_file()):
        raise HeldoutError(
            f"{path} is a link or a device",
            expected="regular files and folders only",
            next_step="replace it by a copy of the file it points to",
        )
    if path.is_file():
        yield path
        return
    for child in sorted(path.iterdir()):
        yield from _packed(child)


def _check_zip(archive: Archive, source: Path) -> None:
    """Raise HeldoutError where what is handed in can't be one: at once, not when it is graded."""
    if zipfile.is_zipfile(BytesIO(archive.data)):
        return
    folder = source.resolve().parent
    raise HeldoutError(
        f"{source} is no zip" if archive.data else f"{source} is empty",
        expected="a folder with model.py in it, or a zip of one",
        next_step=f"name the folder: -f {folder}"
        if (folder / "model.py").is_file()
        else "name it with -f DIR",
    )


def _check_code(archive: Archive, source: Path) -> None:
    """Raise HeldoutError where a ready-made archive holds something else than Python files."""
    try:
        names = zipfile.ZipFile(BytesIO(archive.data)).namelist()
    except zipfile.BadZipFile:
        return  # it only looks like one: whoever unpacks it will say so
    others = [name for name in names if not name.endswith((".py", "/"))]
    if others:
        raise HeldoutError(
            f"{source} holds more than code: {', '.join(others[:3])}",
            expected="Python files alone: the grader trains what a train run is scored with",
            next_step="leave the others out, or name the folder: then only its Python files are packed",
        )


def _largest(source: Path, *, code_only: bool) -> str:
    if source.is_file():
        return str(source)
    files = [path for path in _files(source) if not code_only or path.suffix == ".py"]
    largest = sorted(files, key=lambda path: -path.stat().st_size)[:3]
    return ", ".join(f"{path.relative_to(source)} ({_size(path.stat().st_size)})" for path in largest)


def _size(count: int) -> str:
    return f"{count / MB:.1f} MB" if count >= MB else f"{count / 1024:.1f} KiB"


def _sweep(folder: Path) -> None:
    """Who was killed while writing has left a part of a file here; a day later it is certainly nobody's."""
    for left in folder.glob(f"{INCOMING}*"):
        with suppress(FileNotFoundError):  # somebody else has swept it
            if time.time() - left.stat().st_mtime > STALE:
                left.unlink()


def _write_durably(path: Path, data: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=INCOMING)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
        sync_folder(path.parent.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _make_folder(folder: Path) -> None:
    """Of the shelf's owner: who keeps as root shuts nobody out."""
    folder.mkdir(exist_ok=True)
    if os.geteuid() == 0 and (owner := folder.parent.stat()).st_uid != folder.stat().st_uid:
        os.chown(folder, owner.st_uid, owner.st_gid)


def sync_folder(folder: Path) -> None:
    """Make a rename or a new entry durable: a folder has its own pages to write."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _not_kept(error: OSError, shelf: Path) -> Unavailable:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return Unavailable(
        "the disk is full: nothing was received" if full else f"nothing was received: {error.strerror}",
        where=str(shelf),
        expected="room for the archive" if full else "a folder that the grader may write to",
        next_step="free some room and submit again; no attempt was counted",
        full=full,
    )
