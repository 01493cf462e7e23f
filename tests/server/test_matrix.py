"""Who may ask for what: every route, everybody, and all that could be mistaken for a proof of who one is."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from server.app import make_app
from server.pages.frames import COOKIE
from tests.server.lines import API, EVERYBODY, LINES, NEW, Line
from tests.server.routes import routes
from tests.server.world import BOB, GONE, PEOPLE, SLUG, Made, World, served


def test_every_route_has_a_line(filled: World) -> None:
    lines = {tuple(line.request.partition("?")[0].split(" ")) for line in LINES}
    assert set(routes(make_app(filled.office))) == lines


@pytest.fixture(scope="module")
def upload(filled: World) -> str:
    """One that Ada has announced."""
    answer = filled.api("ada", "POST", "/uploads", json=NEW | {"sha256": "b" * 64})
    return str(answer.json()["id"])


def asked(world: World, who: str, line: Line, upload: str) -> tuple[str, str, dict[str, Any]]:
    """Method, path, and what goes with it."""
    method, path = line.request.split(" ")
    own = {"slug": SLUG, "ref": "{ada scored}", "number": upload, "username": "bob", "team": quote(BOB.team)}
    for name, value in (own | dict(line.parts)).items():
        path = path.replace(f"{{{name}:path}}", value).replace(f"{{{name}}}", value)
    more, form = dict(line.more), dict(line.form)
    for what, ref in world.refs.items():
        path = path.replace(f"{{{what}}}", str(ref))
        form = {name: str(ref) if value == f"{{{what}}}" else value for name, value in form.items()}
    if more.get("json") == {"refs": []}:
        more["json"] = {"refs": [world.refs["ada scored"]]}
    if method == "POST" and " /" in line.request and f" {API}" not in line.request:
        more.setdefault("data", {"csrf": world.csrf(who), **form})
    return method, path, more


def answer(world: World, who: str, line: Line, upload: str) -> httpx.Response:
    method, path, more = asked(world, who, line, upload)
    return headed(world, method, path, {**world.proof(who, path), **more.pop("headers", {})}, more)


def headed(
    world: World, method: str, path: str, headers: dict[str, str], more: dict[str, Any]
) -> httpx.Response:
    """The answer; of a stream that does not end its beginning."""
    with world.client.stream(method, path, headers=headers, **more) as found:
        if not found.headers.get("Content-Type", "").startswith("text/event-stream"):
            found.read()
        return found


def refused(found: httpx.Response, line: Line, who: str) -> bool:
    """Whether it is the answer for somebody who is not in the course, or not meant."""
    if who not in ("nobody", *GONE):
        return found.status_code == line.but.get(who, line.barred)
    if f" {API}/" not in line.request and line.request.startswith("GET "):
        return found.status_code == 303 and "login/" in found.headers["Location"]
    return found.status_code == 401


@pytest.mark.parametrize("who", PEOPLE)
def test_whoever_may_not_is_refused_and_nothing_changes(filled: World, upload: str, who: str) -> None:
    before, wrong = ledger(filled), []
    for line in LINES:
        if who not in line.may.split():
            found = answer(filled, who, line, upload)
            if not refused(found, line, who):
                wrong.append(shown(line, found))
    assert wrong == []
    assert ledger(filled) == before


def ledger(world: World) -> list[tuple[Any, ...]]:
    """All of it but the moments at which somebody was seen."""
    import sqlite3

    with sqlite3.connect(world.course.folder / "ledger.db") as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        found = [
            (table, *row) for table in sorted(tables) for row in database.execute(f"SELECT * FROM {table}")
        ]
    database.close()
    return [row for row in found if row[0] not in ("tokens", "boards", "ties")]


@pytest.fixture(params=[who for who in PEOPLE if who not in GONE])
def acting(request: pytest.FixtureRequest, full: Made, room: Path) -> Iterator[tuple[World, str]]:
    """A course of one's own to act upon."""
    with served(full, room / "course") as world:
        yield world, request.param


def test_whoever_may_is_answered(acting: tuple[World, str]) -> None:
    world, who = acting
    new = world.api("ada", "POST", "/uploads", json=NEW | {"sha256": "b" * 64}).json()["id"]
    wrong = []
    for line in LINES:
        if who in line.may.split():
            found = answer(world, who, line, new)
            if found.status_code != line.done:
                wrong.append(shown(line, found))
    assert wrong == []


def shown(line: Line, found: httpx.Response) -> str:
    return f"{line.request}: {found.status_code} {found.text[:300] if found.is_stream_consumed else ''}"


FALSE: dict[str, Callable[[World], dict[str, str]]] = {
    "a session as a token": lambda world: {"Authorization": f"Bearer {world.secrets['grace'].session}"},
    "a token as a session": lambda world: {"Cookie": f"{COOKIE}={world.secrets['grace'].client}"},
    "a session for the API": lambda world: {"Cookie": f"{COOKIE}={world.secrets['grace'].session}"},
    "a token for a page": lambda world: {"Authorization": f"Bearer {world.secrets['grace'].client}"},
    "an invitation as a token": lambda world: {"Authorization": f"Bearer {invitation(world)}"},
    "an invitation as a session": lambda world: {"Cookie": f"{COOKIE}={invitation(world)}"},
    "another scheme": lambda world: {"Authorization": f"Basic {world.secrets['grace'].client}"},
    "no scheme": lambda world: {"Authorization": world.secrets["grace"].client},
    "half of it": lambda world: {"Authorization": f"Bearer {world.secrets['grace'].client[:-1]}"},
    "its hash": lambda world: {"Authorization": "Bearer " + _digest(world.secrets["grace"].client)},
    "a name": lambda world: {"Authorization": "Bearer grace", "X-Forwarded-User": "grace"},
    "a wildcard": lambda world: {"Authorization": "Bearer %", "Cookie": f"{COOKIE}=%"},
}


def invitation(world: World) -> str:
    return world.store.access.invite("grace").token


def _digest(secret: str) -> str:
    from leaderboard.tokens import digest

    return digest(secret)


@pytest.mark.parametrize("proof", FALSE)
def test_what_only_looks_like_a_proof_is_none(filled: World, upload: str, proof: str) -> None:
    headers = FALSE[proof](filled)
    for line in LINES:
        method, path, more = asked(filled, "grace", line, upload)
        is_right = (proof.endswith("API") and f" {API}" not in line.request) or (
            proof.endswith("page") and f" {API}" in line.request
        )
        if line.may != EVERYBODY and not is_right:
            found = headed(filled, method, path, {**headers, **more.pop("headers", {})}, more)
            assert refused(found, line, "nobody"), f"{line.request}: {found.status_code}"


@pytest.mark.parametrize(
    "where", ["token={0}", "access_token={0}", "heldout_session={0}", "authorization={0}"]
)
def test_a_secret_in_an_address_lets_nobody_in(filled: World, where: str) -> None:
    secrets = filled.secrets["grace"]
    assert filled.api("nobody", "GET", f"/me?{where.format(secrets.client)}").status_code == 401
    assert filled.ask("nobody", "GET", f"/account/?{where.format(secrets.session)}").status_code == 303
