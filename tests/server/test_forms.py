"""Logging in by a browser, and forms: whose they are, where they lead, what a cookie is good for."""

import re
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from server.app import make_app
from server.pages.frames import COOKIE, csrf_of
from tests.server.serving import serving
from tests.server.world import ANSWER, SLUG, World, plain_client

HERE = {"Sec-Fetch-Site": "same-origin"}
ELSEWHERE: dict[str, dict[str, str]] = {
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "a sister": {"Sec-Fetch-Site": "same-site"},
    "another site's browser of old": {"Origin": "https://evil.example"},
    "a sandboxed frame": {"Origin": "null"},
    "another port": {"Origin": "http://127.0.0.1:1"},
}
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "/logout": ("ada", {}),
    "/account/link": ("ada", {}),
    f"/assignments/{SLUG}/mine/select": ("ada", {"refs": "1"}),
    "/submissions/1/withdraw": ("ada", {}),
    "/submissions/1/writeup": ("ada", {"text": "mine"}),
    f"/assignments/{SLUG}/notebooks/release": ("grace", {}),
    f"/assignments/{SLUG}/notebooks/{ANSWER}/mark": ("grace", {"ref": "1", "points": "1"}),
    "/staff/pause": ("grace", {}),
    "/staff/drain": ("grace", {"grader": "a:1"}),
    f"/staff/{SLUG}/reveal": ("grace", {}),
    f"/staff/{SLUG}/regrades/apply": ("grace", {"number": "1"}),
    f"/staff/{SLUG}/regrades/cancel": ("grace", {"number": "1"}),
}
PROOFS: dict[str, Callable[[World, str], dict[str, str]]] = {
    "none": lambda world, who: {},
    "empty": lambda world, who: {"csrf": ""},
    "another session's": lambda world, who: {"csrf": world.csrf("bob")},
    "nobody's": lambda world, who: {"csrf": csrf_of("")},
    "half": lambda world, who: {"csrf": world.csrf(who)[:32]},
    "of other letters": lambda world, who: {"csrf": world.csrf(who).upper()},
    "of odd letters": lambda world, who: {"csrf": "é\ud7ff\x00" + world.csrf(who)[3:]},
}


def sent(world: World, who: str, path: str, form: dict[str, str], **headers: str) -> httpx.Response:
    return world.client.post(path, data=form, headers={**world.proof(who, path), **headers})


def is_log_in_refused(answer: httpx.Response) -> bool:
    return answer.status_code == 403 and "set-cookie" not in answer.headers


@pytest.mark.parametrize("proof", PROOFS)
@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_its_proof_does_nothing(filled: World, path: str, proof: str) -> None:
    who, form = FORMS[path]
    answer = sent(filled, who, path, form | PROOFS[proof](filled, who), **HERE)
    assert answer.status_code == 403
    assert "another session" in answer.text


@pytest.mark.parametrize("site", ELSEWHERE)
@pytest.mark.parametrize("path", FORMS)
def test_a_form_from_elsewhere_does_nothing(filled: World, path: str, site: str) -> None:
    """With its proof, as if that had leaked."""
    who, form = FORMS[path]
    answer = sent(filled, who, path, form | {"csrf": filled.csrf(who)}, **ELSEWHERE[site])
    assert answer.status_code == 403
    assert "another site" in answer.text


@pytest.mark.parametrize("path", FORMS)
def test_a_proof_in_the_address_is_none(filled: World, path: str) -> None:
    who, form = FORMS[path]
    assert sent(filled, who, f"{path}?csrf={filled.csrf(who)}", form).status_code == 403


@pytest.mark.parametrize("path", FORMS)
def test_a_form_is_not_read(filled: World, path: str) -> None:
    """An image or a link elsewhere can't send one."""
    who, form = FORMS[path]
    answer = filled.ask(who, "GET", path, params=form | {"csrf": filled.csrf(who)})
    assert answer.status_code in (404, 405)


@pytest.mark.parametrize("site", ELSEWHERE)
def test_nobody_is_logged_in_from_elsewhere(filled: World, site: str) -> None:
    """Else a student would hand in as whoever had that done."""
    token = filled.store.access.invite("bob").token
    answer = filled.client.post("/login/", data={"token": token}, headers=ELSEWHERE[site])
    assert is_log_in_refused(answer)
    assert filled.client.post("/login/", data={"token": token}, headers=HERE).status_code == 303


def logged_in(world: World, path: str = "/login/", **more: Any) -> httpx.Response:
    token = world.store.access.invite("bob").token
    answer = world.client.post(path, data={"token": f" {token}\n"}, **more)
    assert answer.status_code == 303, answer.text
    return answer


@pytest.mark.parametrize(
    "origin", [{}, {"Origin": "{url}"}, {"Sec-Fetch-Site": "none"}, {"Origin": "{url}", **HERE}]
)
def test_a_log_in_of_ones_own(filled: World, origin: dict[str, str]) -> None:
    answer = logged_in(filled, headers={name: value.format(url=filled.url) for name, value in origin.items()})
    [morsel] = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert morsel.key == COOKIE
    assert morsel["httponly"]
    assert morsel["samesite"].lower() == "lax"
    assert not morsel["domain"]
    assert morsel["path"] == "/"
    assert 13 * 86_400 < int(morsel["max-age"]) <= 14 * 86_400, "whatever the browser's clock says"
    assert not morsel["secure"]
    page = filled.client.get("/account/", headers={"Cookie": f"{COOKIE}={morsel.value}"})
    assert "Bob Bobson" in page.text


@pytest.mark.parametrize(("trusted", "secure"), [("127.0.0.1", True), ("10.1.2.3", False), (None, False)])
def test_a_cookie_is_for_https_alone_where_the_proxy_that_is_trusted_says_so(
    filled: World, trusted: str | None, secure: bool
) -> None:
    settings = {"proxy_headers": trusted is not None, "forwarded_allow_ips": trusted or ""}
    app = make_app(filled.office)
    with serving(app, lifespan="off", **settings) as url, plain_client(url) as client:
        token = filled.store.access.invite("bob").token
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
        answer = client.post("/login/", data={"token": token}, headers=headers)
        [morsel] = SimpleCookie(answer.headers["Set-Cookie"]).values()
        assert bool(morsel["secure"]) is secure
        gone = client.post(
            "/logout",
            data={"csrf": csrf_of(morsel.value)},
            headers={"Cookie": f"{COOKIE}={morsel.value}", **headers},
        )
        [ended] = SimpleCookie(gone.headers["Set-Cookie"]).values()
        assert bool(ended["secure"]) is secure


AWAY = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example/",
    "\\\\evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "\tjavascript:alert(1)",
    "%2f%2fevil.example",
    "/%09/evil.example",
    "./..//evil.example",
    "..//evil.example",
    "../../evil",
    "@evil.example",
    "evil.example:80/",
    "a\r\nSet-Cookie: x=y",
    "a\nLocation: https://evil.example",
    "?next=//evil.example",
    "#//evil.example",
    "\u2044\u2044evil.example",
    "a" * 200,
    ".",
    "..",
    "",
)


@pytest.mark.parametrize("wanted", AWAY)
def test_nobody_is_sent_elsewhere_after_logging_in(filled: World, wanted: str) -> None:
    answer = logged_in(filled, "/login/", params={"next": wanted})
    there = httpx.URL(f"{filled.url}/login/").join(answer.headers["Location"])
    assert f"{there.scheme}://{there.host}:{there.port}" == filled.url
    assert len(answer.headers.get_list("set-cookie")) == 1
    assert len(answer.headers.get_list("location")) == 1


@pytest.mark.parametrize("path", [f"/assignments/{SLUG}/mine/", "/account/", "/submissions/7/"])
def test_whoever_logs_in_goes_on_to_where_they_came_from(filled: World, path: str) -> None:
    met = filled.ask("nobody", "GET", path)
    door = httpx.URL(filled.url + path).join(met.headers["Location"])
    assert door.path == "/login/"
    answer = logged_in(filled, str(door.raw_path, "ascii"))
    assert door.join(answer.headers["Location"]).path == path


def test_a_link_that_is_looked_at_is_not_used_up(filled: World) -> None:
    """By a mail server, a chat's preview, a virus scanner."""
    token = filled.store.access.invite("bob").token
    for _ in range(3):
        page = filled.client.get("/login/", params={"token": token})
        assert token in page.text
        assert "set-cookie" not in page.headers
    assert filled.client.post("/login/", data={"token": token}).status_code == 303


def test_what_was_typed_wrong_is_not_repeated(filled: World) -> None:
    answer = filled.client.post("/login/", data={"token": "hi_mark-of-a-typo<b>"})
    assert answer.status_code == 401
    assert "mark-of-a-typo" not in answer.text


def test_a_token_made_in_a_browser_is_in_no_address(filled: World) -> None:
    answer = filled.ask("bob", "POST", "/account/link")
    assert answer.status_code == 200
    [token] = re.findall(r"hi_[\w-]+", answer.text)
    assert token not in str(answer.headers)
    assert not [link for link in re.findall(r'(?:href|src|action)="([^"]*)"', answer.text) if "hi_" in link]
    assert filled.store.access.log_in(token, kind="client")[0].username == "bob"


def test_logging_out_ends_the_session_on_the_server(world: World) -> None:
    assert world.ask("bob", "POST", "/logout").status_code == 303
    assert world.ask("bob", "GET", "/account/").status_code == 303
    assert world.api("bob", "GET", "/me").status_code == 200, "the command line's is another"
