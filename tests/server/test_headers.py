"""What every answer carries, of whatever status, and what no page has in it."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from server.headers import LARGEST_BODY
from server.policy import HEADERS
from tests.server.world import SLUG, World

BOARD = f"/assignments/{SLUG}/board/"
PAGES = (
    "/",
    "/login/?token=hi_x",
    "/account/",
    f"/assignments/{SLUG}/",
    f"/assignments/{SLUG}/mine/",
    BOARD,
    f"/assignments/{SLUG}/train/private/",
    f"/assignments/{SLUG}/gallery/",
    f"/assignments/{SLUG}/solutions/",
    "/submissions/1/",
    "/submissions/5/",
    "/staff/",
    "/staff/submissions/",
    "/staff/roster/",
    "/staff/audit/",
    f"/staff/{SLUG}/grades/",
    f"/staff/{SLUG}/regrades/",
    f"/staff/{SLUG}/integrity/",
    "/nothing/",
)
OF_EVERY_STATUS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "200": ("GET", "/", "ada", {}),
    "200 of the API": ("GET", "/api/v1/me", "ada", {}),
    "303": ("GET", "/", "nobody", {}),
    "307": ("GET", f"/assignments/{SLUG}", "ada", {}),
    "400": (
        "POST",
        "/login/",
        "nobody",
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
    ),
    "401": ("GET", "/api/v1/me", "nobody", {}),
    "401 of a page": ("POST", "/logout", "nobody", {}),
    "403": ("GET", "/staff/", "ada", {}),
    "404": ("GET", "/nothing", "ada", {}),
    "404 of the API": ("GET", "/api/v1/nothing", "ada", {}),
    "405": ("DELETE", "/", "ada", {}),
    "405 of the API": ("PATCH", "/api/v1/me", "ada", {}),
    "405 of no method": ("BREW", "/", "ada", {}),
    "409": ("POST", "/api/v1/submissions/1/withdraw", "ada", {"json": {"undo": True}}),
    "413": ("POST", "/login/", "nobody", {"content": b"x" * (LARGEST_BODY + 1)}),
    "413 in chunks": ("POST", "/api/v1/login", "nobody", {"content": iter([b"x" * LARGEST_BODY, b"x"])}),
    "422": ("GET", "/api/v1/submissions/x", "ada", {}),
    "422 of a page": ("GET", "/submissions/x/", "ada", {}),
    "200 of a file": ("GET", "/static/style.css", "nobody", {}),
    "200 of a drawing": ("GET", BOARD + "history.svg", "ada", {}),
    "200 of a picture": ("GET", "/pictures/1-examples.png", "ada", {}),
    "200 of a stream": ("GET", BOARD + "events", "ada", {}),
    "200 of a kit": ("GET", f"/api/v1/assignments/{SLUG}/kit", "ada", {}),
}
DRAWN = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"  # they have a style inside


@pytest.mark.parametrize("what", OF_EVERY_STATUS)
def test_every_answer_has_strict_headers(filled: World, what: str) -> None:
    method, path, who, more = OF_EVERY_STATUS[what]
    headers = {**filled.proof(who, path), **more.get("headers", {})}
    with filled.client.stream(method, path, **{**more, "headers": headers}) as answer:
        assert answer.status_code == int(what.partition(" ")[0])
        check(answer, drawn=what.endswith("drawing"))


def check(answer: httpx.Response, *, drawn: bool = False) -> None:
    for name, value in HEADERS.items():
        if name != "Cache-Control":
            assert answer.headers.get_list(name) == [
                DRAWN if drawn and name == "Content-Security-Policy" else value
            ]
    kept = answer.headers["Cache-Control"]
    public = str(answer.url).endswith(".css")
    assert kept.startswith("public" if public else ("private", "no-store"))
    assert "server" not in answer.headers
    assert not [value for value in answer.headers.values() if "unsafe" in value] or drawn


@pytest.mark.parametrize("path", ["/", "/api/v1/me", BOARD + "events"])
def test_so_has_an_answer_that_broke(
    filled: World, monkeypatch: pytest.MonkeyPatch, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*words: object, **more: object) -> None:
        raise RuntimeError("mark-of-the-inside")

    monkeypatch.setattr(filled.store.access, "who", broken)
    answer = filled.ask("ada", "GET", path)
    assert answer.status_code == 500
    check(answer)
    assert "mark-of-the-inside" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "it is in its log" in answer.text
    assert "mark-of-the-inside" in caplog.text


class Inline(HTMLParser):
    """What a policy without `unsafe-inline` would have to forbid."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        handlers = [name for name in values if name.startswith("on") or name in ("style", "srcdoc")]
        scripts = [tag] if tag == "style" or (tag == "script" and not values.get("src")) else []
        elsewhere = [
            f"{name}={value}"
            for name, value in attrs
            if name in ("src", "href", "action", "formaction")
            and re.match(r"\s*(javascript|data|vbscript|https?|//)", value or "", re.IGNORECASE)
        ]
        self.found += handlers + scripts + elsewhere


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_no_script_nor_style_inside(filled: World, path: str) -> None:
    for who in ("nobody", "ada", "olive", "grace"):
        inline = Inline()
        inline.feed(filled.ask(who, "GET", path).text)
        assert inline.found == []


def test_every_form_has_its_proof(filled: World) -> None:
    for path in PAGES:
        text = filled.ask("grace", "GET", path).text + filled.ask("ada", "GET", path).text
        forms = re.findall(r"<form[^>]*post.*?</form>", text, re.DOTALL)
        bare = [form for form in forms if 'name="csrf"' not in form and "login/" not in form]
        assert bare == []


@pytest.mark.parametrize("path", ["/", "/api/v1/me", "/static/style.css", "/healthz", "/nothing", BOARD])
def test_head_is_get_without_a_body(filled: World, path: str) -> None:
    found, whole = filled.ask("ada", "HEAD", path), filled.ask("ada", "GET", path)
    assert found.status_code == whole.status_code
    assert found.content == b""
    assert found.headers["Content-Type"] == whole.headers["Content-Type"]
    check(found)


def test_metrics_have_a_bounded_number_of_lines(world: World) -> None:
    for number in range(30):
        answer = world.client.request(f"BREW{number}", f"/pot/{number}")
        assert answer.status_code == 404
    assert world.client.get("/metrics").text.count("heldout_request_seconds_count") < 5
