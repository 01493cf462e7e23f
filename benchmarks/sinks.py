"""Rows into an empty ledger, many at a time: nothing is checked and no commit waited for."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from sqlalchemy import Index, make_url

from benchmarks.filling import Columns, Filling
from leaderboard.database import Database
from leaderboard.store import Store
from leaderboard.tables import Base


class SqliteSink:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, table: str, columns: Columns) -> None:
        names, marks = _names(columns), ", ".join("?" * len(columns))
        rows = zip(*columns.values(), strict=False)
        self._connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)


class PostgresqlSink:
    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def add(self, table: str, columns: Columns) -> None:
        with self._cursor.copy(f"COPY {table} ({_names(columns)}) FROM STDIN".encode()) as copy:
            for row in zip(*columns.values(), strict=False):
                copy.write_row(row)


def _names(columns: Columns) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def fill(url: str, filling: Filling) -> None:
    """Make the database and fill it; then it is as the store opens it."""
    Store.create(url).close()
    with _without_indices(url):
        if url.startswith("sqlite"):
            _fill_sqlite(make_url(url).database or "", filling)
        else:
            _fill_postgresql(url, filling)
    if not url.startswith("sqlite"):
        _as_the_autovacuum_would(url)


@contextmanager
def _without_indices(url: str) -> Iterator[None]:
    """They are made afterwards: sorted at once instead of row by row."""
    for act in (Index.drop, Index.create):
        with closing(Database(url)) as database, database.connection() as connection:
            for table in Base.metadata.sorted_tables:
                for index in table.indexes:
                    act(index, connection)
        if act is Index.drop:
            yield


def _fill_sqlite(path: str, filling: Filling) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    filling.pour(SqliteSink(connection))
    connection.execute("COMMIT")
    connection.close()


def _fill_postgresql(url: str, filling: Filling) -> None:
    """As a replica, which doesn't look up foreign keys."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET TIME ZONE 'UTC'")
        filling.pour(PostgresqlSink(connection.cursor()))
        for table in Base.metadata.tables.values():
            if "id" in table.c:
                connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "
                    f"coalesce((SELECT max(id) FROM {table.name}), 1))".encode()
                )


def _as_the_autovacuum_would(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
