"""A course's backup, while it runs: the database at one moment, then all files that this moment names.

An archive is durable before its row is, and data are drawn before a regrade names them: what is read after
the database has them.
"""

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from grader import prepared
from grader.archive import fetch, place, sync_folder
from grader.bundle import DATABASES, Manifest, Writer, new_file
from grader.course import CONFIG, Course, open_course
from grader.errors import HeldoutError
from leaderboard import copies
from leaderboard.copies import Contents
from leaderboard.database import Database

DRAFT = ".heldout-backup-"  # how the folder of one that is being written is called
STALE = 24 * 3600.0  # seconds after which such a folder is certainly nobody's
SUFFIX = ".tar"


@dataclass(frozen=True)
class Saved:
    path: Path
    size: int  # bytes
    manifest: Manifest


def save(course: Course, target: Path) -> Saved:
    """Back the course up to a new file, or into a folder under a name with the time.

    What the course itself lacks is in `manifest.missing`; all the rest is saved. Killed at any time, it
    leaves nothing under that name. Raises HeldoutError when nothing could be saved, or not the database.
    """
    now = datetime.now(UTC)
    path = _destination(course, target, now)
    with clear_disk_errors("nothing was backed up", path.parent):
        _sweep(path.parent)
        with tempfile.TemporaryDirectory(prefix=DRAFT, dir=path.parent) as draft:
            manifest = _write(course, Path(draft), now)
            _check_new(path)
            os.rename(Path(draft) / "backup", path)
            sync_folder(path.parent)
    return Saved(path, path.stat().st_size, manifest)


@contextmanager
def clear_disk_errors(what: str, folder: Path) -> Iterator[None]:
    """A disk that is full or may not be written to, as an error that says what came of it."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise HeldoutError(
            f"the disk is full: {what}" if full else f"{what}: {error.strerror or error}",
            where=str(error.filename or folder),
            expected="room for the course, and once more for its database"
            if full
            else "files that you may read, and a folder that you may write to",
            next_step="free some space, or name another disk" if full else "correct that, then do it again",
        ) from error


def _write(course: Course, draft: Path, now: datetime) -> Manifest:
    """The bundle, as `backup` in the folder `draft`, durable."""
    settings = (course.folder / CONFIG).read_bytes()
    course = open_course(course.folder)  # not older than these settings, so that their data are looked for
    copy, contents = _copy_database(course, draft)
    with new_file(draft / "backup") as file:
        writer = Writer(file, now)
        writer.add(copy.name, copy)
        copy.unlink()  # its room is the archives' now
        writer.add_bytes(CONFIG, settings)
        writer.add_bytes("seed", (course.folder / "seed").read_bytes())
        for path in _others(course):
            writer.add_bytes(path.relative_to(course.folder).as_posix(), path.read_bytes())
        missing = {**_add_data(writer, course, contents), **_add_archives(writer, course, contents)}
        manifest = Manifest(
            heldout=version("heldout"),
            made_at=now,
            title=course.config.title,
            database="sqlite" if copy.name == DATABASES["sqlite"] else "postgresql",
            revision=contents.revision,
            rows=contents.rows,
            missing=missing,
            members=dict(writer.members),
        )
        writer.close(manifest)
        file.flush()
        os.fsync(file.fileno())
    return manifest


def _others(course: Course) -> list[Path]:
    """What a course may have, and needn't: the policy of its grades, notebooks as they were handed out."""
    found = [course.folder / ".gitignore", course.folder / "grades.toml"]
    found += sorted((course.folder / "notebooks").glob("*/notebook.ipynb"))
    return [path for path in found if path.is_file()]


def _copy_database(course: Course, draft: Path) -> tuple[Path, Contents]:
    with closing(Database(course.database)) as database:
        copy = draft / DATABASES["sqlite" if database.is_sqlite else "postgresql"]
        return copy, copies.save(database, copy)


def _add_data(writer: Writer, course: Course, contents: Contents) -> Mapping[str, str]:
    """All versions that are there; what a course must have and lacks is returned."""
    missing = {}
    for folder in sorted(data_folders(course, contents)):
        name = f"data/{folder.name}"
        try:
            prepared.verify(folder)
        except (HeldoutError, OSError) as error:
            missing[name] = _said(error)
            continue
        for part in (prepared.PUBLIC, prepared.HELDOUT, prepared.MANIFEST):
            writer.add(f"{name}/{part}", folder / part)
    return missing


def data_folders(course: Course, contents: Contents) -> set[Path]:
    """Those that settings and ledger ask for, and whatever other data lie there."""
    there = {path for path in (course.folder / "data").glob("[!.]*") if path.is_dir()}
    asked = {course.data(slug) for slug in course.config.assignments}
    return there | asked | {course.data(slug, version) for slug, version in contents.versions}


def _add_archives(writer: Writer, course: Course, contents: Contents) -> Mapping[str, str]:
    """Those that rows name: what else lies there, nobody has a receipt for."""
    missing = {}
    for sha256, refs in sorted(contents.archives.items()):
        name = place(Path("archives"), sha256).as_posix()
        try:
            data = fetch(course.archives, sha256)
        except (HeldoutError, OSError) as error:
            missing[name] = f"{_said(error)} ({', '.join(f'#{ref}' for ref in refs)})"
        else:
            writer.add_bytes(name, data)
    return missing


def _said(error: HeldoutError | OSError) -> str:
    return error.what if isinstance(error, HeldoutError) else error.strerror or str(error)


# ---------------------------------------------------------------- where to


def _destination(course: Course, target: Path, now: datetime) -> Path:
    target = target.resolve()
    path = target / f"{course.folder.name}-{now:%Y%m%dT%H%M%SZ}{SUFFIX}" if target.is_dir() else target
    if not path.parent.is_dir() or path.suffix != SUFFIX:
        raise HeldoutError(
            f"there is no folder {path if path.suffix != SUFFIX else path.parent}",
            expected=f"a folder that exists, or in one a new file whose name ends in {SUFFIX}",
            next_step="make the folder, or see that its disk is mounted",
        )
    if path.is_relative_to(course.folder):
        raise HeldoutError(
            "a backup inside the course is lost with the course",
            where=str(path),
            expected=f"a place outside of {course.folder}, best on another disk",
            next_step="name another place",
        )
    _check_new(path)
    return path


def _check_new(path: Path) -> None:
    if path.exists():
        raise HeldoutError(
            f"{path} is there already",
            expected="a new file: no backup is ever overwritten",
            next_step="name another file, or a folder: then the name has the time in it",
        )


def _sweep(folder: Path) -> None:
    """What killed ones of ours have left; it holds secrets, and takes room."""
    for left in folder.glob(f"{DRAFT}*"):
        with suppress(FileNotFoundError):  # somebody else has swept it
            found = [left.lstat(), *(path.lstat() for path in left.glob("*"))]
            if found[0].st_uid == os.geteuid() and time.time() - max(one.st_mtime for one in found) > STALE:
                shutil.rmtree(left, ignore_errors=True)
