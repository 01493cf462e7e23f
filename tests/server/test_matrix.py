"""Who may ask for what: every route, everybody, and all that could be mistaken for a proof of who one is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from desk.wire import PREFIX
from server.app import make_app
from server.pages.frames import COOKIE
from tests.server.routes import routes
from tests.server.world import BOB, GONE, PEOPLE, SLUG, Made, World, served

EVERYBODY, COURSE, STUDENTS = " ".join(PEOPLE), "ada bob olive grace", "ada bob"
ADAS, ADAS_TO_DECIDE, STAFF, INSTRUCTORS = "ada olive grace", "ada grace", "olive grace", "grace"
API = PREFIX
ABOUT = f"{API}/assignments/{{slug}}"
OBSERVER = {"olive": 403}  # who sees it, and decides nothing
NEW = {"slug": SLUG, "size": 3, "sha256": "a" * 64, "file_name": "a.zip"}


@dataclass(frozen=True)
class Line:
    """`done`: the status for those who `may`. `barred`: for others who are logged in; `but`: for these.

    `form`: beside the proof that a form needs.
    """

    request: str
    may: str
    done: int = 200
    barred: int = 403
    parts: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)
    but: Mapping[str, int] = field(default_factory=dict)


def said(**body: Any) -> Mapping[str, Any]:
    return {"json": body}


LINES = [
    Line("GET /healthz", EVERYBODY),
    Line("GET /metrics", EVERYBODY),
    Line("GET /static/{name}", EVERYBODY, parts={"name": "style.css"}),
    Line(f"GET {API}/openapi.json", EVERYBODY),
    Line(f"POST {API}/login", EVERYBODY, 401, more={"json": {"token": "hi_unknown"}}),
    Line("GET /login/", EVERYBODY),
    Line("POST /login/", EVERYBODY, 401, more={"data": {"token": "hi_unknown"}}),
    # oneself
    Line(f"GET {API}/me", COURSE),
    Line(f"POST {API}/token/rotate", COURSE),
    Line(f"POST {API}/link", COURSE),
    Line("GET /account/", COURSE),
    Line("POST /account/link", COURSE),
    # what everybody of the course may read
    Line(f"GET {API}/assignments", COURSE),
    Line(f"GET {ABOUT}", COURSE),
    Line(f"GET {ABOUT}/kit", COURSE),
    Line(f"GET {ABOUT}/board", COURSE),
    Line(f"GET {ABOUT}/board?private=true", STAFF),
    Line(f"GET {ABOUT}/board?live=true", STAFF),
    Line(f"GET {ABOUT}/charts/{{name}}", COURSE, parts={"name": "history.svg"}),
    Line(f"GET {ABOUT}/charts/{{name}}?private=true", STAFF, parts={"name": "history.svg"}),
    Line(f"GET {ABOUT}/charts/{{name}}?live=true", STAFF, parts={"name": "distribution.svg"}),
    Line(f"GET {API}/teams", COURSE),
    Line("GET /", COURSE),
    Line("GET /assignments/{slug}/", COURSE),
    Line("GET /assignments/{slug}/gallery/", COURSE),
    Line("GET /assignments/{slug}/solutions/", STAFF),
    *(
        Line(f"GET /assignments/{{slug}}/{{where:path}}/{what}", may, parts={"where": where})
        for where, may in {
            "board": COURSE,
            "train": COURSE,
            "board/private": STAFF,
            "train/private": STAFF,
        }.items()
        for what in ("", "events", "history.svg", "distribution.svg")
    ),
    Line("GET /pictures/{name}", COURSE, parts={"name": "{ada scored}-examples.png"}),
    Line("GET /pictures/{name}", STAFF, barred=404, parts={"name": "{ada withheld}-examples.png"}),
    # one's own
    Line(f"GET {ABOUT}/limits", STUDENTS, barred=400),  # of which team, staff have to say
    Line(f"GET {ABOUT}/limits?team=ada+lovelace", ADAS),
    Line(f"GET {ABOUT}/submissions", STUDENTS, barred=400),
    Line(f"GET {ABOUT}/submissions?team=Ada%20Lovelace", ADAS),
    Line(f"GET {API}/submissions/{{ref}}", ADAS, barred=404),
    Line(f"GET {API}/submissions/{{ref}}/pictures", ADAS, barred=404),
    Line(f"GET {API}/submissions/{{ref}}/pictures/{{name}}", ADAS, barred=404, parts={"name": "examples"}),
    Line("GET /assignments/{slug}/mine/", STUDENTS, barred=404),
    Line("GET /assignments/{slug}/mine/events", STUDENTS, barred=404),
    Line("GET /submissions/{ref}/", ADAS, barred=404),
    Line("GET /submissions/{ref}/events", ADAS, barred=404),
    Line("GET /submissions/{ref}/curve.svg", ADAS, barred=404, parts={"ref": "{ada trained}"}),
    Line(f"POST {API}/uploads", STUDENTS, 201, more=said(**NEW), but={"grace": 400}),
    Line(f"POST {API}/uploads", ADAS_TO_DECIDE, 201, more=said(**NEW, team="Ada Lovelace")),
    Line(f"GET {API}/uploads/{{number}}", "ada", but={"bob": 404, "grace": 400}),
    Line(f"GET {API}/uploads/{{number}}?team=Ada%20Lovelace", ADAS_TO_DECIDE),
    Line(
        f"PATCH {API}/uploads/{{number}}?team=Ada%20Lovelace",
        ADAS_TO_DECIDE,
        more={"headers": {"Upload-Offset": "0"}, "content": b""},
    ),
    Line(f"PUT {API}/selection", ADAS_TO_DECIDE, 204, barred=404, but=OBSERVER, more={"json": {"refs": []}}),
    Line("POST /assignments/{slug}/mine/select", STUDENTS, 303, barred=404),
    Line("POST /assignments/{slug}/mine/select", "ada", 303, barred=404, form={"refs": "{ada scored}"}),
    Line(
        f"PUT {API}/submissions/{{ref}}/write-up",
        ADAS_TO_DECIDE,
        204,
        barred=404,
        but=OBSERVER,
        more=said(text="How"),
    ),
    Line("POST /submissions/{ref}/writeup", ADAS_TO_DECIDE, 303, barred=404, but=OBSERVER),
    Line(
        f"POST {API}/submissions/{{ref}}/withdraw",
        ADAS_TO_DECIDE,
        barred=404,
        but=OBSERVER,
        more=said(undo=False),
    ),
    Line(
        "POST /submissions/{ref}/withdraw",
        ADAS_TO_DECIDE,
        303,
        barred=404,
        but=OBSERVER,
        form={"undo": "true"},
    ),
    # the staff's
    Line(f"GET {API}/events", STAFF),
    Line("GET /staff/", STAFF),
    Line("GET /staff/events", STAFF),
    Line("GET /staff/submissions/", STAFF),
    Line("GET /staff/submissions/?slug=denoising", STAFF),
    Line("GET /staff/roster/", STAFF),
    Line("GET /staff/audit/", STAFF),
    Line("GET /staff/audit/events", STAFF),
    Line("GET /staff/{slug}/regrades/", STAFF),
    Line("GET /staff/{slug}/integrity/", STAFF),
    Line("GET /staff/{slug}/grades/", STAFF),
    Line("POST /staff/{slug}/regrades/apply", INSTRUCTORS, 404, form={"number": "1"}),  # none is open
    Line("POST /staff/{slug}/regrades/cancel", INSTRUCTORS, 404, form={"number": "1"}),
    Line(
        f"PUT {ABOUT}/extensions/{{username}}", INSTRUCTORS, 409, more=said(until=None)
    ),  # none to take back
    Line(f"PUT {ABOUT}/disqualifications/{{team:path}}", INSTRUCTORS, 204, more=said(reason="a reason")),
    Line(f"DELETE {ABOUT}/disqualifications/{{team:path}}", INSTRUCTORS, 204, parts={"team": "Eve"}),
    Line(f"POST {API}/teams/merge", INSTRUCTORS, 204, more=said(into="Ada Lovelace", other="Eve")),
    Line(f"POST {API}/teams/part", INSTRUCTORS, 204, more=said(other="Eve")),
    Line(f"PUT {ABOUT}/reveal", INSTRUCTORS, 204, more=said(revealed=False)),
    Line("POST /staff/{slug}/reveal", INSTRUCTORS, 303),
    # last, for they end what proves who one is
    Line(f"DELETE {API}/token", COURSE, 204),
    Line("POST /logout", COURSE, 303),
]


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
