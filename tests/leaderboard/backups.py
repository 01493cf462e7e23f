"""Courses small enough to be backed up in a blink, and what is compared when one is restored."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from sqlalchemy import MetaData

from cli import heldout
from commands.restoring import restore
from grader import prepared
from grader.archive import Archive
from grader.bundle import MANIFEST, PROOF
from grader.course import Config, Course, Settings, init, open_course
from grader.errors import HeldoutError
from grader.spec import Prepared
from leaderboard.database import Database
from leaderboard.receive import receive
from leaderboard.records import TeamKind
from leaderboard.store import Store
from tests.leaderboard.cases import assignment, judge, scored, take
from tests.leaderboard.conftest import Clock

TITLE = 'A "quoted" 🧠 title'


def drawn(source: Path | None, seed: int, n: int) -> Prepared:
    values = np.random.default_rng(seed).random(n)
    return Prepared({"examples": values}, {"items": values, "public": np.arange(n) % 5 == 0})


RELAXED = assignment(daily=None, pending=None)
TOY = replace(RELAXED, prepare=drawn)


def make_course(folder: Path, url: str = "") -> Course:
    """A course with data and a shelf. SQLite: the database is `ledger.db` beside it, and moves in."""
    course = init(folder / "course", Config(title=TITLE, assignments={"denoising": Settings(items=64)}))
    prepared.prepare(course, TOY)
    if url.startswith("postgresql"):
        line = f"database = {json.dumps(url)}\n[assignments"
        path = course.folder / "course.toml"
        path.write_text(path.read_text().replace("[assignments", line))
    else:
        shutil.move(folder / "ledger.db", course.folder)
    return open_course(course.folder)


def hand_in(store: Store, course: Course, data: bytes, team: str = "Ada") -> int:
    return receive(store, course.archives, Archive(data, "a.zip"), team=team, assignment=RELAXED).ref


def store_of(course: Course, clock: Clock) -> Store:
    return Store.open(course.database, clock=clock, assignments=lambda slug: RELAXED)


def submit_some(course: Course, clock: Clock) -> None:
    with store_of(course, clock) as store:
        store.ensure_team("Ada", TeamKind.STUDENT)
        hand_in(store, course, b"one")
        judge(store, scored(19.0))
        hand_in(store, course, b"two")
        take(store)
        hand_in(store, course, b"three" * 1000)


def rows_of(course: Course) -> dict[str, list[str]]:
    with closing(Database(course.database)) as database, database.connection() as connection:
        found = MetaData()
        found.reflect(connection)
        return {
            name: sorted(repr(tuple(row)) for row in connection.execute(table.select()))
            for name, table in found.tables.items()
        }


def files_of(course: Course) -> dict[str, bytes]:
    """All but the database and the settings."""
    return {
        path.relative_to(course.folder).as_posix(): path.read_bytes()
        for path in course.folder.rglob("*")
        if path.is_file() and not path.name.startswith(("ledger.", "course.toml"))
    }


def restored_from(path: Path, folder: Path, database: str = "") -> Course:
    restore(path, folder, database)
    return open_course(folder)


def fails(path: Path, folder: Path, database: str = "") -> str:
    """What `restore` says; nothing is left of it, and `--verify` doesn't crash."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(HeldoutError) as raised:
        restore(path, folder / "again", database)
    assert sorted(folder.rglob("*")) == before
    assert raised.value.expected
    return str(raised.value)


def type_in(*words: object) -> str:
    typed = CliRunner().invoke(heldout, [*map(str, words)], env={"COLUMNS": "80", "NO_COLOR": "1"})
    if isinstance(typed.exception, HeldoutError):
        raise typed.exception
    assert typed.exit_code == 0, typed.output
    return typed.stdout


def forge(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest, and what proves it."""
    with tarfile.open(path) as tar:
        members = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]
    manifest = json.loads(members[MANIFEST])
    change(manifest)
    members[MANIFEST] = json.dumps(manifest).encode()
    members[PROOF] = f"{hashlib.sha256(members[MANIFEST]).hexdigest()}  {MANIFEST}\n".encode()
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            add(tar, name, data)


def add(tar: tarfile.TarFile, name: str, data: bytes = b"", **fields: Any) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    tar.addfile(info, io.BytesIO(data))
