"""A copy of the database as it was at one moment, while others go on writing; and what such a copy holds."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, MetaData, create_engine, func, inspect, select, table, text

from grader.errors import HeldoutError
from leaderboard import postgresql
from leaderboard.claims import APPLIED, OPEN
from leaderboard.database import Database, check_revision, is_known


@dataclass(frozen=True)
class Contents:
    """What a database holds, as far as a backup has to know it."""

    revision: str
    rows: Mapping[str, int]  # by table
    archives: Mapping[str, Sequence[int]]  # SHA-256 → the submissions that were received with it
    versions: frozenset[tuple[str, int]]  # of data that a regrade has drawn anew: assignment, version


def save(database: Database, target: Path) -> Contents:
    """Write the database as it is at this moment to the new file `target`: SQLite's file, or a dump.

    Nobody who writes is held up. Raises HeldoutError when the database is damaged or not a course's, the
    disk is full, or PostgreSQL's client programs are missing or too old.
    """
    check_known(database)
    if database.is_sqlite:
        _copy(database, target)
        with _plain(target) as connection:
            return _look(connection)
    with database.reading() as session:
        # However long the dump takes: the snapshot ends with this transaction, which is idle meanwhile.
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        snapshot = session.scalars(text("SELECT pg_export_snapshot()")).one()
        contents = _look(session.connection())
        postgresql.dump(postgresql.server(session.connection()), snapshot, target)
    return contents


def check(database: Database) -> Contents:
    """Read a restored database. Raises HeldoutError when it is damaged or not one that we know."""
    check_known(database)
    if database.is_sqlite:
        with closing(sqlite3.connect(database.place)) as connection:
            _check_integrity(connection, database.place)
    with database.reading() as session:
        return _look(session.connection())


def check_known(database: Database) -> None:
    """Raise HeldoutError when there is no course's database, or one from a newer version; older is fine."""
    found = database.revision()
    if found is None or not is_known(found):
        check_revision(database)


def check_empty(database: Database) -> None:
    """Raise HeldoutError when PostgreSQL has anything in this database: nothing is ever overwritten."""
    with database.reading() as session:
        found = session.scalars(text(postgresql.OWN_RELATIONS)).all()
    if not found:
        return
    raise HeldoutError(
        f"the database is not empty: it has {', '.join(found[:3])}{', …' if len(found) > 3 else ''}",
        where=database.place,
        expected="an empty database to restore into",
        next_step="make one with `createdb NAME`, and name it: --database postgresql://USER@HOST/NAME",
    )


def fill(database: Database, dump: Path) -> None:
    """Restore a dump into an empty PostgreSQL, all of it or nothing. Raises HeldoutError."""
    with database.reading() as session:
        server = postgresql.server(session.connection())
    postgresql.restore(server, dump)


def clear(database: Database) -> None:
    """Take away what `fill` has put into a database that was empty before."""
    with database.connection() as connection:
        found = MetaData()
        found.reflect(connection)
        found.drop_all(connection)


# ---------------------------------------------------------------- SQLite


def _copy(database: Database, target: Path) -> None:
    """In one step: a reader of the write-ahead log holds up no writer, and sees one moment only.

    In several steps SQLite would begin anew after every write of another process: in a rush, for ever.
    """
    target.touch(mode=0o600, exist_ok=False)
    with database.reading() as session, closing(sqlite3.connect(target)) as copy, _clear_errors(target):
        connection = session.connection()
        connection.scalar(text("SELECT count(*) FROM alembic_version"))  # from here on the moment is fixed
        source: Any = connection.connection.driver_connection
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE").close()  # one file, without a log beside it
        _check_integrity(copy, database.place)


@contextmanager
def _clear_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        full = error.sqlite_errorname.startswith(("SQLITE_FULL", "SQLITE_IOERR"))
        raise HeldoutError(
            "the disk is full or broken: nothing was backed up"
            if full
            else f"the course database can't be copied: {error}",
            where=str(target.parent),
            expected="room for the course, and once more for its database",
            next_step="free some space, or name another disk" if full else "restore the last backup",
        ) from error


def _check_integrity(connection: sqlite3.Connection, place: str) -> None:
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
    found = [] if found == ["ok"] else found
    found += [f"a row of {row[0]} refers to none" for row in connection.execute("PRAGMA foreign_key_check")][
        :3
    ]
    if found:
        raise HeldoutError(
            f"the course database is damaged: {'; '.join(found)}",
            where=place,
            expected="a database that SQLite finds whole",
            next_step="restore the last backup that can be restored; keep this file until then",
        )


@contextmanager
def _plain(path: Path) -> Iterator[Connection]:
    """Read a database file without a write-ahead log, and leave it as it is."""
    engine = create_engine(URL.create("sqlite", database=str(path)))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


# ---------------------------------------------------------------- contents


def _look(connection: Connection) -> Contents:
    """Of any revision: no table is read here but for the columns that all of them have."""
    tables = inspect(connection).get_table_names()
    rows = {name: _count(connection, name) for name in sorted(tables)}
    archives: dict[str, list[int]] = {}
    for ref, sha256 in connection.execute(text("SELECT id, sha256 FROM submissions ORDER BY id")):
        archives.setdefault(sha256, []).append(ref)
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    versions = _versions(connection) if "regrades" in tables else frozenset()
    return Contents(revision, rows, archives, versions)


def _count(connection: Connection, name: str) -> int:
    return connection.execute(select(func.count()).select_from(table(name))).scalar_one()


def _versions(connection: Connection) -> frozenset[tuple[str, int]]:
    query = text("SELECT DISTINCT assignment, data_version FROM regrades WHERE state IN (:open, :applied)")
    found = connection.execute(query, {"open": OPEN, "applied": APPLIED})
    return frozenset((slug, version) for slug, version in found)
