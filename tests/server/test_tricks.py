"""Requests that no program of ours would send: each has an answer, none breaks anything or tells anything."""

import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from desk.wire import PREFIX
from tests.server.world import SLUG, World

TRICKS = (
    "..",
    "../..",
    "%2e%2e",
    "%2e%2e%2fseed",
    "..%2f..%2fseed",
    "..%5c..%5cseed",
    "%2fetc%2fpasswd",
    "%252e%252e%252fseed",
    "x%00",
    "%00",
    "%0d%0aX-Evil:%20yes",
    "%ff%fe",
    "%ed%a0%80",
    "%F0%9F%A7%A0",
    "%E2%80%AEgpj",
    "a" * 3000,
    "%25s%25n",
    "{{7*7}}",
    "$(id)",
    "%27%20OR%201=1--",
    "<script>",
    "-1",
    "0",
    "1e3",
    "1.0",
    "%20",
    "%D9%A1",
    "²",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "9" * 400,
    "9" * 5000,
    "NaN",
    "null",
    "*",
    ".htaccess",
    "course.toml",
    "ledger.db",
)
PLACES = (
    f"{PREFIX}/assignments/@",
    f"{PREFIX}/assignments/@/board",
    f"{PREFIX}/assignments/@/kit",
    f"{PREFIX}/assignments/@/limits",
    f"{PREFIX}/assignments/{SLUG}/charts/@",
    f"{PREFIX}/assignments/{SLUG}/board?run_kind=@",
    f"{PREFIX}/assignments/{SLUG}/board?at=@",
    f"{PREFIX}/assignments/{SLUG}/submissions?team=@",
    f"{PREFIX}/assignments?team=@",
    f"{PREFIX}/submissions/@",
    f"{PREFIX}/submissions/@/pictures",
    f"{PREFIX}/submissions/1/pictures/@",
    f"{PREFIX}/uploads/@",
    f"{PREFIX}/uploads/{'a' * 32}?team=@",
    "/assignments/@/",
    "/assignments/@/board/",
    f"/assignments/{SLUG}/@/",
    f"/assignments/{SLUG}/@/events",
    f"/assignments/{SLUG}/board/@",
    f"/assignments/{SLUG}/board/@/history.svg",
    "/submissions/@/",
    "/submissions/@/curve.svg",
    "/pictures/@",
    "/pictures/@-examples.png",
    "/pictures/1-@.png",
    "/static/@",
    "/static/style.css?@",
    "/staff/submissions/?page=@",
    "/staff/submissions/?slug=@",
    "/staff/audit/?page=@",
    "/staff/@/grades/",
    "/staff/@/integrity/",
    f"/staff/{SLUG}/grades/?run_kind=@",
    "/login/?next=@",
    "/login/?token=@",
    "/@",
    "//@",
    "/@//",
)


def raw(world: World, method: str, path: str, who: str, **headers: str) -> Any:
    """Sent as it is: no client of ours would have it so."""
    parts = urlsplit(world.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    connection._validate_path = lambda url: None  # type: ignore[attr-defined]
    connection._encode_request = lambda line: line.encode()  # type: ignore[attr-defined]
    try:
        connection.request(method, path, None, {**world.proof(who, path), **headers})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read(200_000)
    finally:
        connection.close()


@pytest.mark.parametrize("place", PLACES)
def test_no_address_breaks_anything_or_leads_anywhere(filled: World, place: str) -> None:
    inside = (
        str(filled.course.folder).encode(),
        b"root:",
        b"Traceback",
        (filled.course.folder / "seed").read_bytes(),
    )
    for trick in TRICKS:
        for who in ("ada", "grace"):
            status, headers, body = raw(filled, "GET", place.replace("@", trick).replace(" ", "%20"), who)
            assert status < 500, f"{trick} for {who}: {status} {body[:300]!r}"
            assert "X-Evil" not in headers
            assert not [each for each in inside if each.strip() in body], f"{trick} for {who}: {body[:500]!r}"
            if status == 200 and place.startswith(
                ("/static", f"{PREFIX}/uploads", f"{PREFIX}/assignments/@")
            ):
                assert trick in ("%20", "") or "?" in place, trick


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "get")


@pytest.mark.parametrize(
    "path", ["/", f"{PREFIX}/me", "/static/style.css", "/logout", f"{PREFIX}/uploads/x", "/nothing"]
)
def test_no_method_breaks_anything(filled: World, path: str) -> None:
    for method in METHODS:
        status, headers, body = raw(filled, method, path, "ada")
        assert status < 500
        assert b"hc_" not in body
        assert b"hs_" not in body
        assert "Access-Control-Allow-Origin" not in headers
        override = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"}
        assert raw(filled, method, path, "ada", **override)[0] == status
    assert filled.api("ada", "GET", "/me").status_code == 200


@pytest.mark.parametrize(
    "path", ["/account", f"/assignments/{SLUG}", f"{PREFIX}/me/", "//account/", "/account//", "/./account/"]
)
def test_no_slash_leads_elsewhere(filled: World, path: str) -> None:
    status, headers, _ = raw(filled, "GET", path, "ada")
    if status in (301, 302, 303, 307, 308):
        there = urlsplit(headers.get("location", ""))
        assert there.netloc in ("", urlsplit(filled.url).netloc)
        assert there.path.startswith("/") or there.path.startswith(".")
    else:
        assert status == 404


def test_an_answer_names_no_other_host_but_the_one_asked(filled: World) -> None:
    """What is said of the host leads nobody but whoever said it."""
    status, headers, _ = raw(filled, "GET", "//evil.example/%2e%2e", "ada", Host="evil.example")
    assert (status, "location" in headers) == (404, False)


def chunks(total: int) -> Iterator[bytes]:
    for _ in range(total // 65_536):
        yield b"x" * 65_536


def test_whatever_is_too_large_is_refused_before_it_is_read(filled: World) -> None:
    for path in ("/login/", f"{PREFIX}/login", f"{PREFIX}/nothing", "/nothing"):
        status, _, body = raw(filled, "POST", path, "ada", **{"Content-Length": "999999999999"})
        assert status == 413
        assert b"at most 262,144 bytes" in body
        assert filled.client.post(path, content=chunks(1 << 20)).status_code in (404, 413, 422)


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH", "HEAD", "BREW"])
def test_a_body_where_none_is_asked_for_is_not_kept(filled: World, method: str) -> None:
    """8 MiB that nobody waits for."""
    path = f"{PREFIX}/me" if method != "PATCH" else f"{PREFIX}/login"
    answer = filled.client.request(method, path, content=chunks(1 << 23), headers=filled.proof("ada", path))
    assert answer.status_code in (200, 404, 405, 413)


def test_what_follows_a_refused_body_on_the_same_line_is_a_request_of_its_own(filled: World) -> None:
    """Nothing in a body is taken for a request."""
    import socket

    parts = urlsplit(filled.url)
    smuggled = b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n"
    body = smuggled + b"x" * (300_000 - len(smuggled))
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as line:
        line.sendall(b"POST /login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + body)
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        found = b""
        while piece := line.recv(65_536):
            found += piece
    statuses = [line.split(b" ")[1] for line in found.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert statuses in ([b"413"], [b"413", b"200"])


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: 0x5\r\n",
        b"Content-Length: +5\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"X: " + b"y" * 200_000 + b"\r\n",
        b"X y: z\r\n",
        b"X: a\x00b\r\n",
        b"".join(b"X%d: y\r\n" % number for number in range(20_000)),
    ],
)
def test_headers_that_can_be_read_in_two_ways_are_refused(filled: World, lines: bytes) -> None:
    import socket

    parts = urlsplit(filled.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as line:
        line.sendall(b"POST /login/ HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\nhello")
        assert line.recv(65_536).split(b" ")[1] in (b"400", b"413", b"501")
