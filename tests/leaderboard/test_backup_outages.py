"""Backups where PostgreSQL or its programs, or the disk, are not as they should be."""

import random
import shutil
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from commands.restoring import restore
from commands.saving import save
from grader.course import Course, open_course
from grader.errors import HeldoutError
from leaderboard import copies
from leaderboard.database import Database
from leaderboard.store import Store
from tests.leaderboard.backups import (
    fails,
    forge,
    hand_in,
    make_course,
    restored_from,
    rows_of,
    submit_some,
)
from tests.leaderboard.conftest import Clock, Server
from tests.leaderboard.test_outages import SMALL, in_bwrap


@pytest.fixture
def small(sqlite_url: str, folder: Path) -> Course:
    """On SQLite; Ada has a scored submission, one that waits, and one that is being judged."""
    made = make_course(folder)
    submit_some(made, Clock())
    return made


# ---------------------------------------------------------------- PostgreSQL


@pytest.fixture
def served(postgresql: Server, folder: Path) -> Course:
    made = make_course(folder, postgresql(migrated=True))
    submit_some(made, Clock())
    return made


def test_only_an_empty_postgresql_is_filled(served: Course, postgresql: Server, folder: Path) -> None:
    path = save(served, folder / "a.tar").path
    before = rows_of(served)
    assert "the database is not empty: it has alembic_version" in fails(path, folder)
    assert rows_of(served) == before
    assert "did not answer" in fails(path, folder, f"postgresql://nobody@/none?host={folder}")
    assert "a course on PostgreSQL" in fails(path, folder, f"sqlite:///{folder / 'other.db'}")
    url = postgresql()
    forge(path, lambda manifest: manifest["rows"].update(events=77))
    assert "not the one that was backed up: events" in fails(path, folder, url)
    with closing(Database(url)) as database:
        copies.check_empty(database)
    forge(path, lambda manifest: manifest["rows"].update(events=len(before["events"])))
    again = restored_from(path, folder / "again", url)
    assert (again.database, rows_of(again)) == (url, before)


SPY = """#!/bin/sh
echo "$0 $* / $PGPASSWORD" >> {seen}
exec /usr/bin/$(basename "$0") "$@"
"""


def put_first(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Programs of PostgreSQL that are found before the real ones."""
    (folder / "bin").mkdir()
    for program in ("pg_dump", "pg_restore"):
        (folder / "bin" / program).write_text(script)
        (folder / "bin" / program).chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin" if script else str(folder))


def test_a_password_is_no_argument(
    served: Course, postgresql: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(folder, monkeypatch, SPY.format(seen=folder / "seen"))
    path = served.folder / "course.toml"
    path.write_text(path.read_text().replace("heldout@", "heldout:s3cret@"))
    saved = save(open_course(served.folder), folder / "a.tar").path
    restore(saved, folder / "again", postgresql().replace("heldout@", "heldout:0ther@"))
    seen = (folder / "seen").read_text()
    calls = [line.split(" / ") for line in seen.splitlines() if "--dbname" in line]
    assert [password for _, password in calls] == ["s3cret", "0ther"]
    assert all("s3cret" not in arguments and "0ther" not in arguments for arguments, _ in calls)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n", "of version 9, older than the server"),
        ("", "is not there"),
        ("#!/bin/sh\nexit 1\n", "is not there"),
        (
            "#!/bin/sh\necho 'pg_dump (PostgreSQL) 99.1'; echo 'pg_x: no luck' >&2; exit $(($# > 1))\n",
            "no luck",
        ),
    ],
    ids=["old", "none", "broken", "fails"],
)
def test_programs_that_will_not_do(
    script: str, says: str, served: Course, postgresql: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, url = save(served, folder / "a.tar").path, postgresql()
    put_first(folder, monkeypatch, script)
    with pytest.raises(HeldoutError, match=f"pg_dump.* {says}") as raised:
        save(served, folder / "b.tar")
    assert raised.value.next_step
    said = fails(path, folder, url)
    assert "pg_restore" in said
    assert says in said
    assert not (folder / "b.tar").exists()


# ---------------------------------------------------------------- disks


def test_a_full_disk_is_said(small: Course, folder: Path, tmp_path: Path) -> None:
    """Full while the database is copied, while archives are, while a backup is unpacked."""
    disk = tmp_path / "disk"
    disk.mkdir()
    with Store.open(small.database) as store:
        hand_in(store, small, random.Random(0).randbytes(1_400_000))
    saved = save(small, tmp_path / "a.tar").path
    course = shutil.copytree(small.folder, tmp_path / "course")
    code = f"""
        from pathlib import Path
        from commands.restoring import restore
        from commands.saving import save
        from grader.course import open_course
        from grader.errors import HeldoutError
        disk, saved = Path({str(disk)!r}), Path({str(saved)!r})
        course = open_course(Path({str(course)!r}))
        def attempt(what, *arguments):
            try:
                print(what(*arguments))
            except HeldoutError as error:
                print(error.what)
            print(*[path.name for path in disk.iterdir()])
        (disk / "ballast").write_bytes(bytes(1_400_000))
        attempt(save, course, disk)
        (disk / "ballast").write_bytes(bytes(200_000))
        attempt(save, course, disk)
        attempt(restore, saved, disk / "again")
        attempt(restore, saved, disk)
        (disk / "ballast").unlink()
        attempt(restore, saved, disk)
    """
    printed = in_bwrap(folder, [*SMALL, str(disk)], textwrap.dedent(code)).splitlines()
    full = "the disk is full: nothing was"
    assert printed[0] == "the disk is full or broken: nothing was backed up"
    assert printed[2] == f"{full} backed up"
    assert printed[4] == f"{full} restored"
    assert printed[6] == f"{disk} is not empty"
    assert printed[8] == f"{disk} is where a disk is mounted"
    assert printed[1::2] == ["ballast"] * 4 + [""]
