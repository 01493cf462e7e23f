"""Which schedulers may be spoken to: a plain one gives whoever reaches it a shell on every machine of it."""

import ipaddress
import re
from dataclasses import dataclass

from grader.errors import HeldoutError

ADDRESS = re.compile(
    r"(?P<scheme>[a-z0-9+.-]+)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:/@\s]+):(?P<port>\d{1,5})/?"
)


@dataclass(frozen=True)
class Address:
    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def is_encrypted(self) -> bool:
        return self.scheme == "tls"


def parse(text: str) -> Address:
    """Raises HeldoutError unless it is `tls://`, or `tcp://` on this machine's loopback.

    >>> str(parse("tls://[fd00::1]:8786")), parse("tcp://127.0.0.1:8786").is_loopback
    ('tls://[fd00::1]:8786', True)
    """
    found = ADDRESS.fullmatch(text)
    if found is None or not 0 <= int(found["port"]) < 1 << 16 or found["scheme"] not in ("tcp", "tls"):
        raise HeldoutError(
            f"{text!r} is no address of a scheduler",
            expected="tls://HOST:PORT; on one machine alone tcp://127.0.0.1:PORT",
            next_step="`heldout scheduler tls://HOST:8786 --certificates DIR` starts one there",
        )
    address = Address(found["scheme"], found["host"].strip("[]"), int(found["port"]))
    if not address.is_encrypted and not address.is_loopback:
        raise HeldoutError(
            f"{address} is neither encrypted nor on this machine",
            expected="tls://, with certificates: who reaches a plain scheduler runs code on its workers",
            next_step=f"`heldout worker --make-certificates DIR`, then tls://{address.host}:{address.port} "
            "--certificates DIR",
        )
    return address
