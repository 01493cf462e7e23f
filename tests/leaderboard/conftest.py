"""A ledger on each kind of database that the course may use: SQLite and a real PostgreSQL."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from leaderboard.store import Store

BIN = Path("/usr/lib/postgresql/15/bin")
START = datetime(2026, 11, 16, 9, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that stands until it is told to go."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def go(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Server:
    """A PostgreSQL in a folder of its own. Called, it makes an empty database, or a migrated one."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, itertools.count()
        self._as_whom: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            self._as_whom = {"user": "postgres", "group": "postgres"}
        initdb: list[str | Path] = [
            "-D",
            folder / "data",
            "-U",
            "heldout",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(
            [BIN / "initdb", *initdb], check=True, capture_output=True, cwd=folder, **self._as_whom
        )
        base = f"postgresql+psycopg://heldout@/postgres?host={folder}"
        self._engine = create_engine(base, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self.start()
        with self._engine.connect() as connection:
            connection.execute(text("CREATE DATABASE migrated"))
        Store.create(f"postgresql://heldout@/migrated?host={folder}").close()

    def start(self) -> None:
        settings = ("fsync=off", "listen_addresses=", "max_connections=100")
        options = [part for setting in settings for part in ("-c", setting)]
        with open(self._folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [BIN / "postgres", "-D", self._folder / "data", *options, "-k", self._folder],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._as_whom,
            )
        _wait_for(self._engine)

    def stop(self, how: signal.Signals) -> None:
        self._process.send_signal(how)
        self._process.wait(20)

    def __call__(self, *, migrated: bool = False) -> str:
        name = f"course{next(self._numbers)}"
        template = "migrated" if migrated else "template1"
        with self._engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
        return f"postgresql://heldout@/{name}?host={self._folder}"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    if not (BIN / "initdb").is_file():
        pytest.skip(f"no PostgreSQL in {BIN}")
    parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=parent))
    try:
        server = Server(folder)
        yield server
        server.stop(signal.SIGINT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(engine: Engine, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with engine.connect():
                return
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: commits wait for the disk, and a test needn't."""
    if not os.access("/dev/shm", os.W_OK):  # noqa: S108
        yield tmp_path
        return
    made = Path(tempfile.mkdtemp(prefix="heldout-", dir="/dev/shm"))
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite ledger without content, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    Store.create(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def sqlite_url(migrated: Path, folder: Path) -> str:
    shutil.copy(migrated, folder / "ledger.db")
    return f"sqlite:///{folder / 'ledger.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A ledger without content on each kind of database."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    return str(request.getfixturevalue("postgresql")(migrated=True))


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    with Store.open(url, clock=clock) as opened:
        yield opened
