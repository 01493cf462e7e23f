"""Figures and texts that are somebody's alone, looked for in every byte of every answer to everybody else."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import product
from pathlib import Path

import httpx
import pytest
from markupsafe import escape

from desk.wire import PREFIX
from grader import catalogue
from grader.notebook.source import BEGIN_HIDDEN, END_HIDDEN, NAME, read_source
from leaderboard.web.pictures import picture_path
from tests.server.world import (
    ANSWER,
    GIVEN,
    HALF_WIDTH,
    ONE_SEED,
    PEOPLE,
    PRIVATE,
    RUN_SEEDS,
    SLUG,
    TEST,
    Made,
    World,
    picture,
    served,
)

PLACES = ("board", "train", "board/private", "train/private")
STAFF = ("olive", "grace")
Bytes = Mapping[str, bytes]  # what was answered, by what was asked


def mark(what: str, who: str = "bob") -> tuple[bytes, ...]:
    return (f"mark-{what}-{who}".encode(),)


def shown(value: float) -> tuple[bytes, ...]:
    """As JSON and as pages write it."""
    return (f"{value:.2f}".encode(), f"{value:.3f}".encode(), str(value).encode())


def source(cell: str) -> str:
    return read_source(catalogue.find(SLUG).folder / NAME).named[cell].source


def hidden_lines() -> tuple[bytes, ...]:
    """As a page writes them."""
    _, _, hidden = source(TEST).partition(BEGIN_HIDDEN)
    lines = [line.strip() for line in hidden.partition(END_HIDDEN)[0].splitlines()]
    return tuple(escape(line).encode() for line in lines if len(line) > 20)


def model_lines() -> tuple[bytes, ...]:
    return (source(ANSWER).splitlines()[1][:60].encode(),)


# What it is: how it would be written, and who may see it before the private board is revealed, and after.
ADAS = ("ada", *STAFF)
BOBS = ("bob", *STAFF)
COURSE = ("ada", "bob", *STAFF)
SECRETS: Mapping[str, tuple[tuple[bytes, ...], tuple[str, ...], tuple[str, ...]]] = {
    "Bob's private score": (shown(PRIVATE["bob"]), STAFF, COURSE),
    "its interval": ((str(HALF_WIDTH["bob"]).encode(),), STAFF, COURSE),
    "Ada's private score": (shown(PRIVATE["ada"]), STAFF, COURSE),
    "the score by one seed": (shown(ONE_SEED["bob"]), STAFF, BOBS),
    "the machine that graded": (mark("worker"), STAFF, STAFF),
    "a run's seed": ((str(RUN_SEEDS["bob"]).encode(),), (), ()),
    "her own run's seed": ((str(RUN_SEEDS["ada"]).encode(),), (), ()),
    "a fault's traceback": (mark("fault"), STAFF, STAFF),
    "the fault of her own": (mark("fault", "ada"), STAFF, STAFF),
    "a log": (mark("log"), BOBS, BOBS),
    "a failure": (mark("failure"), BOBS, BOBS),
    "a description": (mark("description"), BOBS, BOBS),
    "a file's name": (mark("file"), BOBS, BOBS),
    "a withheld score's interval": ((b"0.0987123",), (), ()),
    "what a withheld one wrote": (mark("withheld-text"), (), ()),
    "a withheld one's picture": ((picture("bob", "withheld"),), STAFF, STAFF),
    "a write-up": (mark("write-up"), BOBS, COURSE),
    "a decision's reason": (mark("reason", "eve"), STAFF, STAFF),
    "an address": ((b"@mail.example",), STAFF, STAFF),
    "the digest of data": ((b"d" * 64,), (), ()),
    "what others' code wrote, on the board": (mark("text"), COURSE, COURSE),
    "a cell's prose": (mark("prose"), BOBS, BOBS),
    "a cell's code": (mark("code"), BOBS, BOBS),
    "a cell's output": (mark("open-output"), BOBS, BOBS),
    "a cell's picture": ((picture("bob", "open-output"),), BOBS, BOBS),
    "an answer": (mark("answer"), BOBS, BOBS),
    "that a hidden test fails": (mark("hidden"), STAFF, BOBS),
    "points that somebody gave": ((str(GIVEN["bob"]).encode(),), STAFF, BOBS),
    "points that somebody gave her": ((str(GIVEN["ada"]).encode(),), STAFF, ADAS),
    "a comment": (mark("comment"), STAFF, BOBS),
    "a hidden test": (hidden_lines(), STAFF, STAFF),
    "the teacher's own answer": (model_lines(), STAFF, STAFF),
    "a picture on the board": ((picture("bob", "scored"),), COURSE, COURSE),
}


def addresses(world: World) -> Iterator[str]:
    """All that can be asked for without changing anything."""
    refs = sorted(world.refs.values())
    yield from ("/", "/account/", "/login/", "/healthz", "/metrics", f"{PREFIX}/openapi.json")
    yield "/grades/"
    yield from (f"/assignments/{SLUG}/{page}" for page in ("", "gallery/", "methods/", "solutions/", "mine/"))
    for place, what in product(PLACES, ("", "history.svg", "distribution.svg")):
        yield f"/assignments/{SLUG}/{place}/{what}"
    for ref, page in product(refs, ("", "curve.svg")):
        yield f"/submissions/{ref}/{page}"
    yield from (f"/{picture_path(ref, 'examples')}" for ref in refs)
    places = ("2-2.png", "4-2.png", "4-1.png", "4-3.png", "5-1.png", "0-1.png", "2-0.png")
    yield from (f"/submissions/{ref}/outputs/{place}" for ref, place in product(refs, places))
    for cell in ("", f"{TEST}/", f"{ANSWER}/", f"{ANSWER}/?names=no", "other/"):
        yield f"/assignments/{SLUG}/notebooks/{cell}"
    yield from (f"/staff/{page}" for page in ("", "submissions/", "roster/", "audit/"))
    for page, kind in product(("regrades", "integrity", "grades"), ("evaluate", "train")):
        yield f"/staff/{SLUG}/{page}/?run_kind={kind}"
    yield from (f"{PREFIX}/{path}" for path in api(refs))


def api(refs: list[int]) -> Iterator[str]:
    yield from ("me", "assignments", "teams", "events", f"assignments/{SLUG}", "uploads/" + "a" * 32)
    teams = ("", "?team=Ada%20Lovelace", "?team=Bob's%20team", "?team=Bob%E2%80%99s")
    yield from (f"assignments{team}" for team in teams)
    for what, team in product(("limits", "submissions"), teams):
        yield f"assignments/{SLUG}/{what}{team}"
    when = ("", "&live=true", "&at=2026-11-16T09:00:00Z", "&at=2030-01-01T00:00:00Z")
    for kind, private, at in product(("evaluate", "train"), ("false", "true"), when):
        yield f"assignments/{SLUG}/board?run_kind={kind}&private={private}&members=true{at}"
        yield f"assignments/{SLUG}/charts/history.svg?run_kind={kind}&private={private}{at}"
    for ref in refs:
        yield from (f"submissions/{ref}{page}" for page in ("", "/pictures", "/pictures/examples"))


def answers(world: World, who: str) -> Bytes:
    return {path: whole(world.ask(who, "GET", path)) for path in addresses(world)}


def whole(answer: httpx.Response) -> bytes:
    """Headers and body; of JSON also as a program reads it."""
    found = b"\n".join([*(name + b": " + value for name, value in answer.headers.raw), answer.content])
    if "json" in answer.headers.get("Content-Type", ""):
        with suppress(ValueError):
            found += json.dumps(answer.json(), ensure_ascii=False).encode()
    return found


@pytest.fixture(scope="module")
def before(filled: World) -> Callable[[str], Bytes]:
    found: dict[str, Bytes] = {}

    def ask(who: str) -> Bytes:
        if who not in found:
            found[who] = answers(filled, who)
        return found[who]

    return ask


@pytest.fixture(scope="module")
def after(full: Made, memory: Path) -> Iterator[Callable[[str], Bytes]]:
    with served(full, memory / "revealed") as world:
        found: dict[str, Bytes] = {}
        assert world.api("grace", "PUT", f"/assignments/{SLUG}/reveal", json={"revealed": True}).is_success
        assert world.ask("grace", "POST", f"/assignments/{SLUG}/notebooks/release").status_code == 303

        def ask(who: str) -> Bytes:
            if who not in found:
                found[who] = answers(world, who)
            return found[who]

        yield ask


def seen(found: Bytes, secret: str) -> list[str]:
    """Where it stands."""
    return [path for path, text in found.items() if any(each in text for each in SECRETS[secret][0])]


@pytest.mark.parametrize("secret", SECRETS)
def test_before_the_reveal(before: Callable[[str], Bytes], secret: str) -> None:
    _, may, _ = SECRETS[secret]
    for who in PEOPLE:
        assert bool(seen(before(who), secret)) is (who in may), f"{who}: {seen(before(who), secret)}"


@pytest.mark.parametrize("secret", SECRETS)
def test_after_the_reveal(after: Callable[[str], Bytes], secret: str) -> None:
    _, _, may = SECRETS[secret]
    for who in ("nobody", "eve", "ada", "grace"):
        assert bool(seen(after(who), secret)) is (who in may), f"{who}: {seen(after(who), secret)}"


@pytest.mark.parametrize("host", ["evil.example", "evil.example/x", "<b>evil.example"])
def test_nobodys_page_has_anything_of_who_asked_before(filled: World, host: str) -> None:
    """Pages are kept for all who may see the same: neither a name, nor a proof, nor a host is."""
    paths = [f"/assignments/{SLUG}/{place}/" for place in ("board", "train")]
    for path in paths:
        filled.clock.go(minutes=2)  # nothing is kept for so long
        first = filled.ask("bob", "GET", path, headers={"Host": host})
        assert first.status_code in (200, 400)
        text = filled.ask("ada", "GET", path).text
        assert [each for each in ("evil", "Bobson", filled.csrf("bob")) if each in text] == []
        assert "Ada Lovelace" in text


@pytest.mark.parametrize("who", PEOPLE)
def test_no_answer_tells_where_things_are_on_the_server_nor_a_secret(
    filled: World, before: Callable[[str], Bytes], who: str
) -> None:
    secrets = [each for one in filled.secrets.values() for each in (one.client, one.session) if each]
    seed = (filled.course.folder / "seed").read_text().strip()
    for needle in (str(filled.course.folder), str(Path(__file__).parents[2]), seed, *secrets):
        assert [path for path, text in before(who).items() if needle.encode() in text] == []
