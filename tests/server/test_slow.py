"""Clients that take their time: others are answered meanwhile, and theirs come to an end."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import httpx
import pytest

from desk.wire import OFFSET
from server import slow
from server.api import uploads
from server.app import make_app
from server.headers import SmallBodies
from tests.server.sending import Sending
from tests.server.serving import serving
from tests.server.world import World, change

pytestmark = pytest.mark.thorough

PATIENCE = 1.0


@pytest.fixture
def hasty(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that waits for a second, where another waits for half a minute."""
    monkeypatch.setattr(slow, "HEADER_SECONDS", PATIENCE)
    monkeypatch.setattr(uploads, "SILENCE", PATIENCE)
    app = make_app(world.office)
    change(app, SmallBodies, seconds=PATIENCE)
    with serving(app, lifespan="off") as url:
        yield url


def line_to(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20)


def others_are_answered(url: str) -> None:
    for _ in range(5):
        assert httpx.get(f"{url}/healthz", trust_env=False, timeout=20).status_code == 200


def dripped(line: socket.socket, text: bytes, seconds: float = 45) -> bytes:
    """What is answered to somebody who sends a byte now and then, until the line ends."""
    begun, found, line_ended = time.monotonic(), b"", False
    line.settimeout(0.1)
    for byte in text:
        assert time.monotonic() - begun < seconds, "the line never ends"
        try:
            line.sendall(bytes([byte]))
            piece = line.recv(65_536)
        except TimeoutError:
            continue
        except OSError:
            line_ended = True
            break
        found += piece
        if not piece:
            line_ended = True
            break
    assert line_ended, "all of it was heard"
    return found


BEGINNINGS = {
    "nothing": b"",
    "a line": b"GET /healthz HTTP/1.1\r\n",
    "headers": b"POST /login/ HTTP/1.1\r\nHost: x\r\nX-A: ",
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_whoever_never_says_what_they_want_is_hung_up_on(hasty: str, beginning: str) -> None:
    with line_to(hasty) as line:
        line.sendall(BEGINNINGS[beginning])
        others_are_answered(hasty)
        dripped(line, b"x" * 150)


def test_whoever_was_answered_and_stays_is_hung_up_on(hasty: str) -> None:
    with line_to(hasty) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        line.settimeout(10)
        came = b"".join(iter(lambda: line.recv(65_536), b""))  # until it is hung up
        assert came.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/login/", "application/x-www-form-urlencoded"),
        ("/login/", "multipart/form-data; boundary=b"),
        ("/api/v1/login", "application/json"),
    ],
)
@pytest.mark.parametrize("length", ["Content-Length: 5000", "Transfer-Encoding: chunked"])
def test_a_body_that_does_not_come_to_its_end_is_not_waited_for(
    hasty: str, path: str, kind: str, length: str
) -> None:
    with line_to(hasty) as line:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n{length}\r\n\r\n"
        line.sendall(head.encode())
        others_are_answered(hasty)
        found = dripped(line, b"x" * 150 if "Length" in length else b"1\r\nx\r\n" * 30)
    assert found.startswith((b"HTTP/1.1 408", b"HTTP/1.1 400")), found[:200]


def test_an_upload_that_falls_silent_is_not_waited_for(world: World, hasty: str) -> None:
    ada = Sending(world, "ada", b"x" * 5_000)
    number = ada.begin()
    proof = world.proof("ada", "/api/")["Authorization"]
    head = (
        f"PATCH /api/v1/uploads/{number} HTTP/1.1\r\nHost: x\r\nAuthorization: {proof}\r\n"
        f"{OFFSET}: 0\r\nContent-Length: 5000\r\n\r\n"
    )
    with line_to(hasty) as line:
        line.sendall(head.encode() + b"x" * 1_000)
        others_are_answered(hasty)
        line.settimeout(15)
        assert line.recv(65_536).startswith(b"HTTP/1.1 400")
    assert ada.look(number).json()["offset"] == 1_000
    assert ada.send(number, 1_000).json()["receipt"]


def test_several_hundred_slow_ones_keep_nobody_out(hasty: str) -> None:
    with ExitStack() as stack:
        lines = [stack.enter_context(line_to(hasty)) for _ in range(300)]
        for number, line in enumerate(lines):
            line.sendall(BEGINNINGS["headers"] if number % 2 else b"")
        others_are_answered(hasty)
        ended = 0
        for line in lines:
            line.settimeout(15)
            try:
                ended += line.recv(65_536) == b""
            except OSError:
                ended += 1
    assert ended == 300


def test_whoever_does_not_read_keeps_nobody_out(world: World, hasty: str) -> None:
    """Many answers asked for on a line, none of them taken."""
    with line_to(hasty) as line:
        line.settimeout(0.5)
        asked = b"GET /static/style.css HTTP/1.1\r\nHost: x\r\n\r\n" * 2_000
        with suppress(TimeoutError):
            line.sendall(asked)
        others_are_answered(hasty)
