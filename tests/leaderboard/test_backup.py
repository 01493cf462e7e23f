"""A course from its backup is the course, whatever goes on meanwhile."""

import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from cli import heldout
from commands.restoring import restore
from commands.saving import DRAFT, save
from grader.archive import place
from grader.bundle import MANIFEST, PROOF, opened
from grader.course import Course, open_course
from grader.errors import HeldoutError
from leaderboard.database import Database
from leaderboard.records import State, TeamKind
from leaderboard.store import Store
from tests.leaderboard import victims
from tests.leaderboard.audit import audit
from tests.leaderboard.backups import (
    TITLE,
    files_of,
    hand_in,
    make_course,
    restored_from,
    rows_of,
    store_of,
    submit_some,
    type_in,
)
from tests.leaderboard.cases import judge, scored, send, told
from tests.leaderboard.conftest import Clock, Server
from tests.leaderboard.crowd import CLIENTS, Siege

HOME = Path(__file__).resolve().parents[2]


@pytest.fixture
def course(url: str, folder: Path) -> Course:
    return make_course(folder, url)


@pytest.fixture
def small(sqlite_url: str, folder: Path) -> Course:
    """On SQLite; Ada has a scored submission, one that waits, and one that is being judged."""
    made = make_course(folder)
    submit_some(made, Clock())
    return made


@pytest.fixture
def saved(small: Course, folder: Path) -> Path:
    return save(small, folder / "a.tar").path


Empty = Callable[[], str]


@pytest.fixture
def empty(url: str, request: pytest.FixtureRequest) -> Empty:
    """Makes the URL to restore into: of an empty PostgreSQL, or none for SQLite."""
    if url.startswith("sqlite"):
        return lambda: ""
    server: Server = request.getfixturevalue("postgresql")
    return server


# ---------------------------------------------------------------- there and back


def test_a_restored_course_is_the_course(course: Course, empty: Empty, folder: Path, clock: Clock) -> None:
    submit_some(course, clock)
    (course.archives / "ab").mkdir(exist_ok=True)
    (course.archives / "ab" / ".incoming-x").write_bytes(b"half")
    (course.folder / "data" / ".preparing-x").mkdir()
    before = rows_of(course)
    saved = save(course, folder / "a.tar")
    assert saved.path.stat().st_mode & 0o777 == 0o600
    assert (saved.manifest.missing, saved.manifest.title) == ({}, TITLE)
    url = empty()
    again = restored_from(saved.path, folder / "again", url)
    assert rows_of(again) == before == rows_of(course)
    (course.archives / "ab" / ".incoming-x").unlink()
    assert files_of(again) == files_of(course)
    assert again.folder.stat().st_mode & 0o777 == 0o700
    assert again.seed == course.seed
    assert again.config.model_copy(update={"database": ""}) == course.config.model_copy(
        update={"database": ""}
    )
    assert not [path for path in folder.iterdir() if path.name.startswith(".")], "nothing is left beside it"


def test_what_was_running_is_graded_and_numbers_go_on(
    course: Course, empty: Empty, folder: Path, clock: Clock
) -> None:
    submit_some(course, clock)
    again = restored_from(save(course, folder / "a.tar").path, folder / "again", empty())
    clock.go(minutes=5)
    with store_of(again, clock) as store:
        assert store.submission(2).state is State.RUNNING
        assert store.sweep() == 1
        assert sorted(judge(store, scored(value)).ref for value in (20.0, 21.0)) == [2, 3]
        assert told(store) == [("Ada", 21.0)]
        assert hand_in(store, again, b"four") == 4
    with store_of(course, clock) as store:
        assert store.submission(2).state is State.RUNNING, "the course itself is as it was"


def test_what_a_course_may_have_comes_along(course: Course, folder: Path, empty: Empty) -> None:
    released = course.folder / "notebooks" / "denoising" / "notebook.ipynb"
    released.parent.mkdir(parents=True)
    released.write_text("{}")
    (course.folder / "grades.toml").write_text("title = 'x'")
    again = restored_from(save(course, folder / "a.tar").path, folder / "again", empty())
    assert (again.folder / "grades.toml").read_text() == "title = 'x'"
    assert (again.folder / "notebooks" / "denoising" / "notebook.ipynb").read_text() == "{}"


def test_the_names_that_a_backup_gets(small: Course, folder: Path) -> None:
    (folder / "out").mkdir()
    path = save(small, folder / "out").path
    stamp = datetime.strptime(path.name, "course-%Y%m%dT%H%M%SZ.tar").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - stamp) < timedelta(minutes=1)
    assert [one.name for one in (folder / "out").iterdir()] == [path.name]
    with opened(path) as bundle:
        bundle.verify()
        names = [*bundle.manifest.members]
    assert names[:4] == ["ledger.db", "course.toml", "seed", ".gitignore"]
    with tarfile.open(path) as tar:
        assert tar.getnames() == [*names, MANIFEST, PROOF]
        assert {info.mode for info in tar} == {0o600}


def test_coreutils_and_tar_prove_it_too(saved: Path, folder: Path) -> None:
    (folder / "by hand").mkdir()
    subprocess.run(["tar", "-xf", saved], cwd=folder / "by hand", check=True)
    subprocess.run(["sha256sum", "--check", "--quiet", PROOF], cwd=folder / "by hand", check=True)


def test_a_database_elsewhere_comes_to_lie_in_the_folder(small: Course, folder: Path) -> None:
    elsewhere = folder / "elsewhere.db"
    with closing(sqlite3.connect(small.folder / "ledger.db")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE").close()
    shutil.move(small.folder / "ledger.db", elsewhere)
    path = small.folder / "course.toml"
    path.write_text(f'database = "sqlite:///{elsewhere}"\n{path.read_text()}')
    course = open_course(small.folder)
    again = restored_from(save(course, folder / "a.tar").path, folder / "again")
    assert again.database == f"sqlite:///{again.folder / 'ledger.db'}"
    assert rows_of(again) == rows_of(course)


def test_an_older_course_is_restored_as_it_is(course: Course, empty: Empty, folder: Path) -> None:
    """Backing up is what one does before an upgrade."""
    with closing(Database(course.database)) as database, database.connection() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'r0004'"))
        connection.execute(text("DROP TABLE regrade_items"))
        connection.execute(text("DROP TABLE regrades"))
    restored = restore(save(course, folder / "a.tar").path, folder / "again", empty())
    assert restored.is_older
    assert (restored.manifest.revision, "regrades" in restored.manifest.rows) == ("r0004", False)


# ---------------------------------------------------------------- while it runs


@pytest.mark.thorough
def test_backups_while_everybody_submits(course: Course, empty: Empty, folder: Path) -> None:
    """Each has all receipts that were given before it began, and can be graded to its end."""
    with Store.open(course.database) as store:
        for number in range(CLIENTS):
            store.ensure_team(f"team {number}", TeamKind.STUDENT)
    siege = Siege(victims.Course(course.database, course.archives), random.Random(0))
    backups: list[tuple[Path, set[int]]] = []
    with siege.clients():
        for number in range(3):
            siege.wait_for(len(siege.given) + 3 * CLIENTS)
            before = {one.receipt.ref for one in [*siege.given]}
            backups.append((save(course, folder / f"{number}.tar").path, before))
    siege.finish()
    for path, before in backups:
        again = restored_from(path, folder / path.stem, empty())
        found = victims.Course(again.database, again.archives)
        with found.store() as store:
            there = {one.ref for one in store.submissions("denoising")}
            assert before <= there
            grade_all(found, store)
        audit(found, [one for one in siege.given if one.receipt.ref in there])
    assert len({len(before) for _, before in backups}) == len(backups)


def grade_all(found: victims.Course, store: Store) -> None:
    def done() -> bool:
        return not any(store.counts()[state] for state in (State.QUEUED, State.RUNNING))

    with ThreadPoolExecutor(2) as threads:
        victims.grade(store, threads, found, until=done)


def test_writers_are_not_held_up(small: Course, folder: Path) -> None:
    with closing(sqlite3.connect(small.folder / "ledger.db")) as connection:
        connection.execute("CREATE TABLE ballast (data BLOB)")
        connection.executemany("INSERT INTO ballast VALUES (zeroblob(1000000))", [()] * 150)
        connection.commit()
    over, waits = threading.Event(), []

    def write() -> None:
        with Store.open(small.database) as store:
            while not over.is_set():
                started = time.monotonic()
                send(store)
                waits.append(time.monotonic() - started)

    with ThreadPoolExecutor(1) as threads:
        writer = threads.submit(write)
        saved = save(small, folder / "a.tar")
        over.set()
        writer.result()
    assert saved.manifest.rows["ballast"] == 150
    assert len(waits) >= 5
    assert max(waits) < 2.0


KILLED = """
import os, signal, sys
from pathlib import Path
from unittest import mock
from commands import restoring, saving
from grader import bundle
from grader.course import open_course
from leaderboard import copies
def dying(function, calls=[]):
    def at_last(*arguments, **named):
        calls.append(1)
        if len(calls) > {after}:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)
    return at_last
with mock.patch({where!r}, dying({where})):
    {what}
"""
MOMENTS = [
    ("copies._check_integrity", 0),
    ("bundle.Writer.add", 0),
    ("bundle.Writer.add_bytes", 4),
    ("bundle.Writer.close", 0),
    ("saving.os.fsync", 0),
    ("saving.os.rename", 0),
]
MODULES = {"bundle": "grader.bundle", "copies": "leaderboard.copies", "saving": "commands.saving"}


def kill_amid(what: str, where: str, after: int) -> None:
    code = KILLED.replace("{what}", what).replace("{after}", str(after))
    module, _, rest = where.partition(".")
    path = f"{MODULES.get(module, f'commands.{module}')}.{rest}"
    code = code.replace("{where!r}", repr(path)).replace("{where}", where)
    ran = subprocess.run([sys.executable, "-c", code], cwd=HOME, capture_output=True, text=True, check=False)
    assert ran.returncode == -9, ran.stderr


@pytest.mark.parametrize(("where", "after"), MOMENTS)
def test_a_killed_backup_leaves_nothing_that_looks_like_one(
    where: str, after: int, small: Course, folder: Path
) -> None:
    out = folder / "out"
    out.mkdir()
    kill_amid(f"saving.save(open_course(Path({str(small.folder)!r})), Path({str(out)!r}))", where, after)
    [left] = out.iterdir()
    assert left.name.startswith(DRAFT)
    assert left.stat().st_mode & 0o777 == 0o700
    path = save(small, out).path
    assert left.exists(), "it may be somebody's who is still at work"
    restore(path, folder / "again")
    for one in (left, *left.iterdir()):
        os.utime(one, (0, 0))
    save(small, out / "second.tar")
    assert sorted(one.name for one in out.iterdir()) == [path.name, "second.tar"]


@pytest.mark.parametrize(
    ("where", "after"),
    [("bundle.new_file", 3), ("copies.check", 0), ("restoring.fetch", 1), ("restoring.os.sync", 0)],
)
def test_a_killed_restore_leaves_no_half_course(where: str, after: int, saved: Path, folder: Path) -> None:
    target = folder / "again"
    kill_amid(f"restoring.restore(Path({str(saved)!r}), Path({str(target)!r}))", where, after)
    assert not target.exists()
    assert restore(saved, target).submissions == 3


# ---------------------------------------------------------------- what a course lacks


def test_what_is_missing_is_named_and_the_rest_is_saved(small: Course, folder: Path) -> None:
    one, two, three = (
        place(small.archives, hashlib.sha256(data).hexdigest()) for data in (b"one", b"two", b"three" * 1000)
    )
    one.unlink()
    two.write_bytes(b"altered")
    (small.data("denoising") / "heldout.npz").write_bytes(b"")
    (small.folder / "data" / "denoising@2").mkdir()
    typed = CliRunner().invoke(heldout, ["backup", str(folder / "a.tar"), "--course", str(small.folder)])
    assert typed.exit_code == 3
    for name, why in (
        (f"archives/{one.parent.name}/{one.name}", "an archive is missing (#1)"),
        (f"archives/{two.parent.name}/{two.name}", "an archive was altered after it was received (#2)"),
        ("data/denoising", "a data file was altered since it was prepared"),
        ("data/denoising@2", "the data of denoising@2 are not prepared"),
    ):
        assert f"Not in it: {name}: {why}" in typed.stderr
    for words in (["backup", "--verify", folder / "a.tar"], ["restore", folder / "a.tar", folder / "again"]):
        typed = CliRunner().invoke(heldout, [*map(str, words)])
        assert typed.exit_code == 3
        assert "Not in it: data/denoising:" in typed.stderr
    again = open_course(folder / "again")
    kept = [path.name for path in again.folder.rglob("*.zip")]
    assert kept == [three.name]
    assert rows_of(again) == rows_of(small)


def test_a_damaged_database_is_not_backed_up(small: Course, folder: Path) -> None:
    with closing(sqlite3.connect(small.folder / "ledger.db")) as connection:
        connection.execute("UPDATE submissions SET team_id = 999")
        connection.commit()
    with pytest.raises(HeldoutError, match="is damaged: a row of submissions refers to none"):
        save(small, folder / "a.tar")
    assert not (folder / "a.tar").exists()


# ---------------------------------------------------------------- what is typed


def test_what_is_printed(small: Course, folder: Path) -> None:
    path = folder / "a.tar"
    printed = type_in("backup", path, "--course", small.folder)
    assert f"Backed up: {path}" in printed
    assert "3 archives, data of denoising." in printed
    assert "mode 0600: only you can read it" in printed
    assert f'Whole: {path}, "{TITLE}" as of ' in type_in("backup", "--verify", path)
    printed = type_in("restore", path, folder / "again")
    assert f'Restored: {folder / "again"}, "{TITLE}"' in printed
    assert "submissions      3  3 archives, as they were received" in printed
    assert "older" not in printed


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("there.tar", "is there already"),
        ("course/archives/a.tar", "inside the course"),
        ("course", "inside the course"),
        ("none/a.tar", "there is no folder .*none\n"),
        ("none", "there is no folder .*none\n"),
        ("/dev/null", "there is no folder"),
    ],
)
def test_where_a_backup_can_not_go(target: str, says: str, small: Course, folder: Path) -> None:
    (folder / "there.tar").write_text("mine")
    with pytest.raises(HeldoutError, match=says) as raised:
        type_in("backup", folder / target, "--course", small.folder)
    assert raised.value.expected
    assert raised.value.next_step
    assert (folder / "there.tar").read_text() == "mine"
    assert sorted(one.name for one in folder.iterdir()) == ["course", "there.tar"]


def test_nothing_is_overwritten(saved: Path, folder: Path) -> None:
    (folder / "full").mkdir()
    (folder / "full" / "mine").write_text("mine")
    for target, says in (("full", "is not empty"), ("full/mine", "is no folder"), ("course", "is not empty")):
        with pytest.raises(HeldoutError, match=says):
            restore(saved, folder / target)
    (folder / "empty").mkdir()
    assert restore(saved, folder / "empty").archives == 3
