"""Requests that no program of ours would send: each has an answer, none breaks anything or tells anything."""

import http.client
import json
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


def raw(world: World, method: str, path: str, who: str, body: bytes | None = None, **headers: str) -> Any:
    """Sent as it is: no client of ours would have it so."""
    parts = urlsplit(world.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    connection._validate_path = lambda url: None  # type: ignore[attr-defined]
    connection._encode_request = lambda line: line.encode()  # type: ignore[attr-defined]
    try:
        connection.request(method, path, body, {**world.proof(who, path), **headers})
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
        for who in ("nobody", "ada", "grace"):
            status, headers, body = raw(filled, "GET", place.replace("@", trick).replace(" ", "%20"), who)
            assert status < 500, f"{trick} for {who}: {status} {body[:300]!r}"
            assert "X-Evil" not in headers
            assert not [each for each in inside if each.strip() in body], f"{trick} for {who}: {body[:500]!r}"
            if status == 200 and place.startswith(
                ("/static", f"{PREFIX}/uploads", f"{PREFIX}/assignments/@")
            ):
                assert trick in ("%20", "") or "?" in place, trick


BODIES: dict[str, Any] = {
    "nothing": b"",
    "no JSON": b"{",
    "a number": b"1",
    "a list": b"[]",
    "null": b"null",
    "NaN": b'{"refs": [NaN]}',
    "deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 30_000,
    "a long number": b'{"refs": [' + b"9" * 5_000 + b"]}",
    "a negative one": b'{"refs": [-1]}',
    "a string for it": b'{"refs": "1"}',
    "half a letter": b'{"text": "\xff", "token": "\xff", "reason": "\xff"}',
    "half a pair": b'{"text": "\\ud800", "token": "\\ud800", "reason": "\\ud800"}',
    "half a pair for a name": b'{"into": "\\ud800", "other": "\\udfff"}',
    "NUL": b'{"text": "\\u0000", "token": "\\u0000", "reason": "\\u0000"}',
    "NUL for a name": b'{"into": "\\u0000", "other": "\\u0000"}',
    "twice": b'{"undo": true, "undo": false}',
    "unknown fields": b'{"undo": false, "is_admin": true}',
    "a prototype": b'{"__proto__": {"role": "instructor"}, "undo": false}',
    "UTF-16": '{"undo": false}'.encode("utf-16"),
    "a time without a zone": b'{"until": "2026-11-20T00:00:00"}',
    "a time before all": b'{"until": "0001-01-01T00:00:00Z"}',
    "a time after all": b'{"until": "9999-12-31T23:59:59-12:00"}',
    "a number for a time": b'{"until": 1e300}',
}
TYPES = (
    "application/json",
    "application/json; charset=utf-16",
    "text/plain",
    "application/x-www-form-urlencoded",
    "",
)
JSON_PLACES = (
    ("POST", "/login"),
    ("POST", "/uploads"),
    ("PUT", "/selection"),
    ("POST", "/submissions/1/withdraw"),
    ("PUT", "/submissions/1/write-up"),
    ("PUT", f"/assignments/{SLUG}/extensions/bob"),
    ("PUT", f"/assignments/{SLUG}/disqualifications/Eve"),
    ("PUT", f"/assignments/{SLUG}/reveal"),
    ("POST", "/teams/merge"),
    ("POST", "/teams/part"),
)


@pytest.mark.parametrize(
    "at",
    ["2026-11-16T09:00:00", "2026-11-16", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-12:00", "1e300", "-1", "20261116", "inf", "2026-02-30T00:00:00Z"],
)  # fmt: skip
def test_no_time_breaks_anything(filled: World, at: str) -> None:
    for path in ("board", "charts/history.svg", "charts/distribution.svg"):
        for private in ("false", "true"):
            which = {"at": at, "private": private}
            answer = filled.api("grace", "GET", f"/assignments/{SLUG}/{path}", params=which)
            assert answer.status_code in (200, 422), answer.text
    body = {"until": at}
    for who in ("bob", "Bob", "nobody"):
        answer = filled.api("grace", "PUT", f"/assignments/{SLUG}/extensions/{who}", json=body)
        assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("ref", [0, -1, 1 << 63, 1 << 64, 1 << 200, 1.5, "1", None, True, [1]])
def test_no_number_breaks_anything(filled: World, ref: Any) -> None:
    assert filled.api("ada", "PUT", "/selection", json={"refs": [ref]}).status_code in (204, 404, 422)


@pytest.mark.parametrize(("method", "path"), JSON_PLACES)
def test_no_body_breaks_anything(filled: World, method: str, path: str) -> None:
    for name, body in BODIES.items():
        for kind in TYPES:
            for who in ("ada", "grace"):
                answer = filled.api(who, method, path, content=body, headers={"Content-Type": kind})
                assert answer.status_code < 500, f"{name} as {kind!r}: {answer.text[:300]}"
                if answer.status_code >= 400:
                    assert set(answer.json()["error"]) == {"what", "where", "expected", "next_step"}


def multipart(parts: int, size: int = 1) -> bytes:
    one = (
        b'--b\r\nContent-Disposition: form-data; name="refs"; filename="../x"\r\n\r\n' + b"1" * size + b"\r\n"
    )
    return one * parts + b"--b--\r\n"


FORM = "application/x-www-form-urlencoded"
FORMS: dict[str, tuple[str, bytes]] = {
    "many fields": (FORM, b"&".join(b"refs=1" for _ in range(10_000))),
    "many names": (FORM, b"&".join(b"a%d=1" % number for number in range(10_000))),
    "a long number": (FORM, b"refs=" + b"9" * 100_000),
    "beyond 64 bits": (FORM, b"refs=18446744073709551617"),
    "half a letter": (FORM, b"text=%ff&refs=%ff"),
    "NUL": (FORM, b"text=%00&refs=%00&csrf=%00"),
    "many files": ("multipart/form-data; boundary=b", multipart(2_000)),
    "a file": ("multipart/form-data; boundary=b", multipart(1, 100_000)),
    "no end": (
        "multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="refs"\r\n\r\n1',
    ),
    "no boundary": ("multipart/form-data", multipart(1)),
    "a long boundary": ("multipart/form-data; boundary=" + "b" * 5_000, multipart(1)),
    "JSON": ("application/json", b'{"csrf": "x"}'),
    "odd letters": (FORM + "; charset=utf-7", b"text=+ADw-b+AD4-"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "path",
    [
        "/login/",
        f"/assignments/{SLUG}/mine/select",
        "/submissions/1/writeup",
        f"/staff/{SLUG}/regrades/apply",
    ],
)
def test_no_form_breaks_anything(filled: World, path: str, form: str) -> None:
    kind, body = FORMS[form]
    for who in ("nobody", "ada", "grace"):
        if kind == FORM:
            body += f"&csrf={filled.csrf(who)}&number=1".encode()
        headers = {**filled.proof(who, path), "Content-Type": kind}
        answer = filled.client.post(path, content=body, headers=headers)
        assert 300 <= answer.status_code < 500, answer.text[:300]


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
        status, _, body = raw(filled, "POST", path, "ada", b"x", **{"Content-Length": "999999999999"})
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


def test_what_is_unknown_in_json_is_named_and_not_repeated(filled: World) -> None:
    body = json.dumps({"undo": False, "field-of-mine": "value-of-mine"})
    answer = filled.api(
        "ada", "POST", "/submissions/1/withdraw", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert "field-of-mine" in answer.text
    assert "value-of-mine" not in answer.text
