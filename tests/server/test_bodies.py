"""Bodies that no program of ours would send: each has an answer, none breaks anything."""

import json
from typing import Any

import pytest

from tests.server.world import SLUG, World

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
TYPES = ("application/json", "application/json; charset=utf-16", "text/plain")
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


def test_what_is_unknown_in_json_is_named_and_not_repeated(filled: World) -> None:
    body = json.dumps({"undo": False, "field-of-mine": "value-of-mine"})
    answer = filled.api(
        "ada", "POST", "/submissions/1/withdraw", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert "field-of-mine" in answer.text
    assert "value-of-mine" not in answer.text
