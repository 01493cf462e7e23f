"""The connection to SQLite or PostgreSQL: how transactions begin, what errors mean, which schema it has."""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from grader.errors import HeldoutError, Unavailable

HEAD = "r0010"  # the newest revision in leaderboard/migrations; a test holds the two together
BUSY_SECONDS = 10.0
Clock = Callable[[], datetime]  # aware times
PATIENCE = 3.0  # times as long a thread waits for one of its process's connections: many share them
ASKING = 0.01  # seconds between two attempts to begin writing, on average
PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "cache_size = -16000",  # kB: a large board is read from memory
)
ACTOR: ContextVar[str] = ContextVar("actor")  # who decides, where one process acts for several
MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """An engine whose writing transactions take their lock at once, and whose errors a person can act on."""

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.url = _parse(url)
        self.place = self.url.database or "" if self.is_sqlite else self.url.render_as_string()
        self._busy_seconds = busy_seconds
        self.actor = "course"  # for the audit log
        with self.clear_errors():
            self._reader = self._sqlite() if self.is_sqlite else self._postgresql()
        # SQLite: a reader that turns writer halfway can't wait its turn, so writers say so in the beginning.
        self._writer = self._reader.execution_options(begin="IMMEDIATE")
        # PostgreSQL by itself shows each query of a transaction what has been committed meanwhile.
        self._snapshots = (
            self._reader
            if self.is_sqlite
            else self._reader.execution_options(isolation_level="REPEATABLE READ")
        )

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One snapshot, of however many queries. Raises HeldoutError when the database doesn't answer."""
        with self.clear_errors(), Session(self._snapshots) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction, durable when left, undone by any exception."""
        with (
            self.clear_errors(),
            Session(self._writer, info={"actor": ACTOR.get(self.actor)}) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def trying(self) -> Iterator[Session]:
        """A transaction that is undone in any case: what would come of it can be looked at."""
        with self.clear_errors(), Session(self._writer) as session:
            yield session
            session.rollback()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """One transaction for those who change the schema."""
        with self.clear_errors(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        self._reader.dispose()

    def revision(self) -> str | None:
        """The schema's revision; None where it is not ours. Raises HeldoutError when there is no database."""
        if self.is_sqlite and not Path(self.place).is_file():
            raise HeldoutError(
                "the course database is missing",
                where=self.place,
                expected="the file that `heldout course init` makes",
                next_step="restore it from the backup, or make a course with `heldout course init DIR`",
            )
        with self.clear_errors(), self._reader.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    @contextmanager
    def clear_errors(self) -> Iterator[None]:
        """The one place where a database's errors become ours."""
        try:
            yield
        except DBAPIError as error:
            raise _explain(error, self.place) from error
        except NoneFree as error:
            raise Unavailable(
                "too many are using the course database at this moment",
                where=self.place,
                expected=f"a free connection within {PATIENCE * self._busy_seconds:g} s",
                next_step="do it again in a minute; nothing was changed",
            ) from error

    def _sqlite(self) -> Engine:
        engine = create_engine(
            self.url,
            pool_timeout=PATIENCE * self._busy_seconds,
            connect_args={"timeout": self._busy_seconds},
        )

        @event.listens_for(engine, "connect")
        def configure(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
            connection.isolation_level = None  # we say BEGIN ourselves, below
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}").close()

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            mode = connection.get_execution_options().get("begin", "DEFERRED")
            if mode == "IMMEDIATE":
                self._wait_to_write(connection)
            else:
                connection.exec_driver_sql(f"BEGIN {mode}")

        return engine

    def _wait_to_write(self, connection: Connection) -> None:
        """Begin a transaction when the others have done with theirs.

        SQLite's own wait backs off to 100 ms, and who comes later asks oftener and overtakes: of 50 clients
        in a rush some had no turn within 10 s. Here all ask equally often, however long they have waited.
        """
        raw: Any = connection.connection.driver_connection
        deadline = time.monotonic() + self._busy_seconds
        raw.execute("PRAGMA busy_timeout = 0").close()
        try:
            while time.monotonic() < deadline:
                try:
                    raw.execute("BEGIN IMMEDIATE").close()
                    return
                except sqlite3.Error as error:
                    if not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                        break
                time.sleep(random.uniform(0, 2 * ASKING))
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # raises what SQLAlchemy makes of the error
        finally:
            raw.execute(f"PRAGMA busy_timeout = {int(1000 * self._busy_seconds)}").close()

    def _postgresql(self) -> Engine:
        options = f"-c lock_timeout={int(self._busy_seconds * 1000)} -c timezone=UTC"
        try:
            return create_engine(
                self.url,
                pool_pre_ping=True,
                pool_timeout=PATIENCE * self._busy_seconds,
                connect_args={"options": options, "connect_timeout": 10},
            )
        except ModuleNotFoundError as error:
            raise HeldoutError(
                "the driver for PostgreSQL is not installed",
                where=self.place,
                expected="the Python package psycopg",
                next_step="pip install 'heldout[cluster]'",
            ) from error


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    backend = parsed.get_backend_name() if parsed is not None else ""
    if parsed is None or backend not in {"sqlite", "postgresql"} or not parsed.database:
        raise HeldoutError(
            "the database's URL is not one that we know",
            where=parsed.render_as_string() if parsed is not None else "the course's settings",
            expected="sqlite:///FILE or postgresql://USER@HOST/NAME",
            next_step="correct `database` in the course's settings",
        )
    return parsed.set(drivername="postgresql+psycopg") if backend == "postgresql" else parsed


def _explain(error: DBAPIError, place: str) -> Unavailable:
    if isinstance(error, IntegrityError):
        return Unavailable(
            "the same was changed elsewhere at the same moment",
            where=place,
            expected="one change at a time",
            next_step="do it again",
        )
    cause = error.orig
    code: str = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or ""
    for prefixes, what, expected, next_step in EXPLANATIONS:
        if code.startswith(prefixes):
            full = code in FULL
            return Unavailable(what, where=place, expected=expected, next_step=next_step, full=full)
    return Unavailable(
        f"the course database did not answer: {str(cause).strip().splitlines()[0]}",
        where=place,
        expected="a database that is up and that we may write to",
        next_step="see that it runs, look whether it was done, or else do it again",
    )


FULL = ("SQLITE_FULL", "53100")
EXPLANATIONS = (
    (
        ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL", "55P03"),
        "the course database is locked by another program",
        "a lock that is let go within seconds",
        "close the program that has the database open (a database browser, a backup), then do it again",
    ),
    (
        ("SQLITE_FULL", "SQLITE_IOERR", "53100"),
        "the course database can't be written: the disk is full or broken",
        "room on the disk",
        "free some space, then do it again; nothing was changed",
    ),
    (
        ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "25006", "42501"),
        "the course database can't be written to",
        "a file and a folder that you may write to",
        "do it as the user who owns the course, on a disk that is mounted for writing",
    ),
    (
        ("SQLITE_NOTADB", "SQLITE_CORRUPT"),
        "the course database is damaged, or is no database",
        "the file that `heldout course init` made",
        "restore it from the backup",
    ),
)


def check_revision(database: Database, head: str = HEAD) -> None:
    """Return when the schema is the one that this version works with; otherwise raise HeldoutError."""
    found = database.revision()
    if found == head:
        return
    if found is None:
        raise HeldoutError(
            "the database is not a course's",
            where=database.place,
            expected=f"a schema of revision {head}",
            next_step="run `heldout course init DIR`, or correct `database` in the course's settings",
        )
    if is_known(found):
        raise HeldoutError(
            "the course is from an older version of Heldout",
            where=f"{database.place}, revision {found}",
            expected=f"revision {head}",
            next_step="back the course up, then run `heldout course init DIR`: it upgrades and keeps all",
        )
    raise HeldoutError(
        "the course is from a newer version of Heldout",
        where=f"{database.place}, revision {found}",
        expected=f"revision {head} or older",
        next_step="upgrade Heldout: `uv tool upgrade heldout`",
    )


def is_known(revision: str) -> bool:
    return any(MIGRATIONS.glob(f"versions/{revision}_*.py"))


def upgrade(database: Database) -> None:
    """Bring the schema to HEAD in one transaction, making the database file where there is none.

    Raises HeldoutError for a database from a newer version.
    """
    if database.is_sqlite:
        _make_file(Path(database.place))
    found = database.revision()
    if found == HEAD:
        return
    if found is not None and not is_known(found):
        check_revision(database)
    from alembic import command  # slow to import; needed once in a course's life
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with database.connection() as connection:
        attributes: dict[Any, Any] = config.attributes
        attributes["connection"] = connection
        command.upgrade(config, "head")


def _make_file(path: Path) -> None:
    """The file, readable by its owner alone: it holds names and grades."""
    try:
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise HeldoutError(
            f"the course database can't be made: {error.strerror}",
            where=str(path),
            expected="a folder that exists and that you may write to",
            next_step="name another folder",
        ) from error
