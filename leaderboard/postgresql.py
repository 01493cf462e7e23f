"""PostgreSQL's own programs for copies: pg_dump and pg_restore, told where the server is as we know it."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from grader.errors import HeldoutError

# Tables, views and sequences of anybody but the system and its extensions.
OWN_RELATIONS = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relname
"""
WAIT = "--lock-wait-timeout=10000"  # milliseconds, for somebody who changes the schema


@dataclass(frozen=True)
class Server:
    conninfo: str  # without any password: arguments can be read by everybody on the machine
    password: str
    major: int

    @property
    def environment(self) -> dict[str, str]:
        own = {"PGPASSWORD": self.password} if self.password else {}
        return {**os.environ, **own, "LC_ALL": "C"}


def server(connection: Connection) -> Server:
    """The one that this connection goes to. What the URL leaves to the environment is left to it here."""
    from psycopg.conninfo import make_conninfo

    dialect = connection.dialect
    asked = dialect.create_connect_args(connection.engine.url)[1]
    settings = {name: str(value) for name, value in asked.items() if isinstance(value, str | int)}
    password = str(settings.pop("password", ""))
    settings.pop("sslpassword", None)  # there is no other way to tell it than one that everybody can read
    major, *_ = dialect.server_version_info or (0,)
    return Server(make_conninfo(**settings), password, int(major))


def dump(server: Server, snapshot: str, target: Path) -> None:
    """Write what `snapshot` shows to the new file `target`. Raises HeldoutError."""
    _check_program("pg_dump", server.major)
    target.touch(mode=0o600, exist_ok=False)
    _run("pg_dump", server, "--format=custom", f"--snapshot={snapshot}", WAIT, f"--file={target}")


def restore(server: Server, dump: Path) -> None:
    """In one transaction. Raises HeldoutError; then the database is as it was."""
    _check_program("pg_restore", server.major)
    _run("pg_restore", server, "--single-transaction", "--exit-on-error", str(dump))


def _check_program(program: str, major: int) -> None:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        found = re.search(r"\) (\d+)", said)
    except (OSError, subprocess.CalledProcessError):
        found = None
    if found and int(found[1]) >= major:
        return
    raise HeldoutError(
        f"{program} is of version {found[1]}, older than the server" if found else f"{program} is not there",
        where="the folders in PATH",
        expected=f"PostgreSQL's client programs, version {major} or newer",
        next_step=f"on Debian or Ubuntu: apt-get install postgresql-client-{major}",
    )


def _run(program: str, server: Server, *arguments: str) -> None:
    common = ("--no-password", "--no-owner", "--no-privileges", f"--dbname={server.conninfo}")
    ran = subprocess.run(
        [program, *common, *arguments],
        env=server.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if ran.returncode == 0:
        return
    said = ran.stderr.strip().splitlines() or ["it said nothing"]
    raise HeldoutError(
        f"{program} failed: {said[0].removeprefix(f'{program}: error: ')}",
        where=server.conninfo,
        expected="a server that answers, whose tables we may read and write, and room on the disk",
        next_step="correct that, then do it again; nothing was changed",
    )
