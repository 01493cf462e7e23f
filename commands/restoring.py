"""A course from its backup, in a new folder; it is there when all has been proved, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from commands.saving import clear_disk_errors, data_folders
from grader import prepared
from grader.archive import fetch, place, sync_folder
from grader.bundle import DATABASES, Bundle, Manifest, opened
from grader.course import CONFIG, Course, open_course, with_database
from grader.errors import HeldoutError
from leaderboard import copies
from leaderboard.copies import Contents
from leaderboard.database import HEAD, Database, is_known

ANOTHER = "use another backup; nothing was restored"


@dataclass(frozen=True)
class Restored:
    """What was proved of it."""

    folder: Path
    manifest: Manifest
    database: str  # where it lies
    submissions: int
    archives: int
    data: int  # sets

    @property
    def is_older(self) -> bool:
        return self.manifest.revision != HEAD


def restore(file: Path, folder: Path, database: str = "") -> Restored:
    """Make `folder`, new or empty, the course that was backed up; PostgreSQL's rows go to `database`, which
    must be empty, or else to the one in the course's settings.

    What the backup says the course lacked is lacking here, too. Raises HeldoutError when anything else is not
    as it was; then there is no folder, and the database is as empty as before.
    """
    folder = folder.resolve()
    _check_new(folder)
    with (
        opened(file) as bundle,
        clear_disk_errors("nothing was restored", folder.parent),
        ExitStack() as undo,
    ):
        _check_can(bundle.manifest, file, database)
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-restoring-", dir=folder.parent))
        undo.callback(shutil.rmtree, draft, ignore_errors=True)
        course = _unpack(bundle, draft, database)
        restored = _prove(course, bundle.manifest, folder, undo)
        os.sync()
        draft.rename(folder)
        undo.pop_all()
        sync_folder(folder.parent)
    return restored


def _unpack(bundle: Bundle, draft: Path, database: str) -> Course:
    bundle.unpack(draft)
    for name in ("archives", "data"):
        (draft / name).mkdir(mode=0o700, exist_ok=True)
    path = draft / CONFIG
    if bundle.manifest.database == "sqlite" or database:
        path.write_text(with_database(path.read_text(encoding="utf-8"), database), encoding="utf-8")
    return open_course(draft)


def _prove(course: Course, manifest: Manifest, folder: Path, undo: ExitStack) -> Restored:
    with closing(Database(course.database)) as database:
        _check_kind(database, manifest)
        if not database.is_sqlite:
            _fill(database, course.folder / DATABASES["postgresql"], undo)
        contents = copies.check(database)
        where = str(folder / DATABASES["sqlite"]) if database.is_sqlite else database.place
    _check_rows(contents, manifest, where)
    archives = _prove_archives(course, contents, manifest)
    data = _prove_data(course, contents, manifest)
    submissions = sum(map(len, contents.archives.values()))
    return Restored(folder, manifest, where, submissions, archives, data)


def _check_kind(database: Database, manifest: Manifest) -> None:
    if database.is_sqlite != (manifest.database == "sqlite"):
        raise HeldoutError(
            "the course's settings name another kind of database than was backed up",
            where=database.place,
            expected="the URL of an empty PostgreSQL database",
            next_step="name one: --database postgresql://USER@HOST/NAME",
        )


def _fill(database: Database, dump: Path, undo: ExitStack) -> None:
    copies.check_empty(database)
    copies.fill(database, dump)
    undo.callback(_clear, database.url.render_as_string(hide_password=False))
    dump.unlink()


def _clear(url: str) -> None:
    with closing(Database(url)) as database:
        copies.clear(database)


def _check_rows(contents: Contents, manifest: Manifest, where: str) -> None:
    if (contents.rows, contents.revision) == (manifest.rows, manifest.revision):
        return
    differing = sorted({table for table, _ in contents.rows.items() ^ manifest.rows.items()})
    raise HeldoutError(
        f"the database is not the one that was backed up: {', '.join(differing) or contents.revision}",
        where=where,
        expected="as many rows in each table as the backup's manifest says",
        next_step=ANOTHER,
    )


def _prove_archives(course: Course, contents: Contents, manifest: Manifest) -> int:
    """Read all that submissions name, as a grader would; but for what the course lacked. How many."""
    paths = {place(Path("archives"), sha256).as_posix(): sha256 for sha256 in contents.archives}
    wanted = paths.keys() - manifest.missing.keys()
    for name in wanted:
        with _proving(name):
            fetch(course.archives, paths[name])
    return len(wanted)


def _prove_data(course: Course, contents: Contents, manifest: Manifest) -> int:
    folders = {f"data/{folder.name}": folder for folder in data_folders(course, contents)}
    wanted = folders.keys() - manifest.missing.keys()
    for name in wanted:
        with _proving(name):
            prepared.verify(folders[name])
    return len(wanted)


@contextmanager
def _proving(name: str) -> Iterator[None]:
    """What fails here is not where its error says: all of it goes away again."""
    try:
        yield
    except HeldoutError as error:
        raise HeldoutError(
            f"the backup can't be proved: {error.what}",
            where=name,
            expected=error.expected,
            next_step=ANOTHER,
        ) from error


# ---------------------------------------------------------------- before anything is written


def _check_new(folder: Path) -> None:
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise HeldoutError(
            f"{folder} is not empty" if folder.is_dir() else f"{folder} is no folder",
            expected="a new or an empty folder: nothing is ever overwritten",
            next_step="name another folder",
        )
    if folder.is_mount():
        raise HeldoutError(
            f"{folder} is where a disk is mounted",
            expected="a folder that can be put in place as a whole, when all is proved",
            next_step=f"name a new folder in it: {folder / 'course'}",
        )


def _check_can(manifest: Manifest, file: Path, database: str) -> None:
    if not is_known(manifest.revision):
        raise HeldoutError(
            f"the backup is from a newer version of Heldout ({manifest.heldout})",
            where=f"{file}, revision {manifest.revision}",
            expected=f"revision {HEAD} or older",
            next_step="upgrade Heldout on this machine; nothing was restored",
        )
    if database and (manifest.database == "sqlite" or not _is_postgresql(database)):
        raise HeldoutError(
            f"the backup is of a course on {'SQLite' if manifest.database == 'sqlite' else 'PostgreSQL'}",
            where="--database",
            expected="no --database: SQLite's file lies in the course folder"
            if manifest.database == "sqlite"
            else "the URL of an empty PostgreSQL database",
            next_step="leave it out"
            if manifest.database == "sqlite"
            else "name one: --database postgresql://USER@HOST/NAME",
        )


def _is_postgresql(url: str) -> bool:
    with closing(Database(url)) as database:
        return not database.is_sqlite
