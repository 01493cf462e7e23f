"""A PostgreSQL of one's own: Debian's, in a temporary folder, as durable as it is by default."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

DEBIANS = Path("/usr/lib/postgresql")
# Larger than the defaults, so that filling is quick; durability and memory are as they come.
OPTIONS = ("-c", "listen_addresses=", "-c", "max_wal_size=8GB", "-c", "maintenance_work_mem=512MB")


def programs() -> Path | None:
    """The folder with the newest `postgres`; None where there is none."""
    found = [path.parent for path in DEBIANS.glob("*/bin/postgres")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


@contextmanager
def server(programs: Path) -> Iterator[Path]:
    """The folder with the socket of a server that has one user, heldout. It can't be run by root."""
    folder = Path(tempfile.mkdtemp(prefix="heldout-postgresql-"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        user = {"user": "postgres", "group": "postgres"}
    data = folder / "data"
    initdb: list[str | Path] = [programs / "initdb", "-D", data, "-U", "heldout", "-A", "trust", "-E", "UTF8"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **user)
    with open(folder / "log", "wb") as log:
        started = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, *OPTIONS],
            stdout=log,
            stderr=log,
            cwd=folder,
            **user,
        )
    try:
        _wait_for(folder)
        yield folder
    finally:
        started.terminate()
        started.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(folder: Path, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            connect(folder, "postgres").close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def connect(folder: Path, name: str) -> psycopg.Connection[Any]:
    return psycopg.connect(host=str(folder), user="heldout", dbname=name, autocommit=True)


def make(folder: Path, name: str) -> str:
    """An empty database's URL."""
    with connect(folder, "postgres") as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"postgresql://heldout@/{name}?host={folder}"
