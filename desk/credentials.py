"""Which server, and what lets one in: a file of the user's own, and two variables that win over it.

credentials.json   mode 0600 in a folder of mode 0700; several servers, one of them current
HELDOUT_SERVER     the server's URL
HELDOUT_TOKEN      with it; alone, in place of the current server's
"""

import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pydantic import TypeAdapter, ValidationError

from grader.errors import Denied, HeldoutError
from leaderboard.membership import Grant

SERVER, TOKEN = "HELDOUT_SERVER", "HELDOUT_TOKEN"  # environment variables
LOG_IN_PAGE = "/login"  # a link to it carries a one-time token: {server}/login/?token=…


@dataclass(frozen=True)
class Login:
    """`insecure`: its user wants it without TLS. `expires_at`: None of a token from the environment."""

    url: str
    token: str = field(repr=False)
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    insecure: bool = False

    def is_stale(self, now: datetime) -> bool:
        """Past half of its life: time for another."""
        if self.issued_at is None or self.expires_at is None:
            return False
        return now > self.issued_at + (self.expires_at - self.issued_at) / 2


@dataclass(frozen=True)
class Stored:
    current: str | None = None
    servers: Mapping[str, Login] = field(default_factory=dict)


STORED = TypeAdapter(Stored)


class Credentials:
    """The file. Every change reads it anew: two terminals may log in at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def stored(self) -> Stored:
        """What is there. Raises HeldoutError when others may read it, or it is damaged."""
        try:
            self._check_private()
            return STORED.validate_json(self.path.read_bytes(), extra="ignore")
        except FileNotFoundError:
            return Stored()
        except ValidationError as error:
            raise HeldoutError(
                "the file of log-ins is damaged",
                where=str(self.path),
                next_step="remove it, and log in again: `heldout login URL`",
            ) from error

    def keep(self, login: Login, *, current: bool = True) -> None:
        """Log-in of a server, in place of an earlier one. `current`: and make it the current server."""
        known = self.stored()
        self._write(
            Stored(login.url if current else known.current, {**known.servers, login.url: login}),
        )

    def renew(self, login: Login, grant: Grant) -> Login:
        """The log-in with a fresh token, which is durable before anybody uses it."""
        fresh = replace(login, token=grant.token, issued_at=datetime.now(UTC), expires_at=grant.expires_at)
        self.keep(fresh, current=False)
        return fresh

    def forget(self, url: str) -> None:
        known = self.stored()
        if url not in known.servers:
            return
        servers = {one: login for one, login in known.servers.items() if one != url}
        self._write(Stored(None if known.current == url else known.current, servers))

    def _check_private(self) -> None:
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if os.name == "posix" and mode & 0o077:
            raise HeldoutError(
                "others on this machine may read your log-ins",
                where=f"{self.path} (mode {mode:04o})",
                expected="mode 0600",
                next_step=f"chmod 600 {self.path}; if others use this machine, log in anew",
            )

    def _write(self, stored: Stored) -> None:
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        descriptor, draft = tempfile.mkstemp(dir=folder, prefix=".credentials-")  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(STORED.dump_json(stored, indent=2) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self.path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise


def choose(stored: Stored, environment: Mapping[str, str], url: str | None = None) -> Login | None:
    """The log-in of the server at `url`, else of the one that the environment names, else of the current one.

    None: nobody has named a server. Raises Denied when there is a server and nothing that lets one in.
    """
    named = environment.get(SERVER, "").strip()
    current = address(named) if named else stored.current
    url = url or current
    if url is None:
        return None
    known = stored.servers.get(url)
    if (token := environment.get(TOKEN, "").strip()) and url == current:  # to no other is it ever sent
        return Login(url, token, insecure=known is not None and known.insecure)
    if known is None:
        raise Denied(f"you are not logged in to {url}", next_step=f"heldout login {url}")
    return known


def address(text: str) -> str:
    """A server's URL in one spelling. Raises HeldoutError when it is none.

    >>> address("Heldout.Example.org/dl/"), address("localhost:8000")
    ('https://heldout.example.org/dl', 'http://localhost:8000')
    """
    text = text.strip()
    parts = urlsplit(text if "://" in text else f"//{text}")
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    scheme = parts.scheme.lower() or ("http" if is_loopback(host) else "https")
    if scheme not in ("http", "https") or not host or parts.username is not None:
        raise HeldoutError(
            "that is no server's address",
            where=text.split("?")[0],
            expected="https://HOST, or https://HOST/PATH",
        )
    named = f"[{host}]" if ":" in host else host
    where = f"{named}:{port}" if port and port != {"http": 80, "https": 443}[scheme] else named
    return f"{scheme}://{where}{parts.path.rstrip('/')}"


def invitation(text: str) -> tuple[str, str | None]:
    """The server, and the one-time token where `text` is a link that carries one.

    >>> invitation("https://dl.example.org/login/?token=hi_x")
    ('https://dl.example.org', 'hi_x')
    """
    url, asked = address(text), parse_qs(urlsplit(text.strip()).query)
    return url.removesuffix(LOG_IN_PAGE), asked.get("token", [None])[0]


def is_loopback(host: str) -> bool:
    """Whether what is sent there stays on this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
