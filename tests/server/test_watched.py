"""What an operator sees of a server: its health, its metrics, its log; and how often it may be asked."""

import json
import logging
from typing import Any

import pytest
from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from prometheus_client.parser import text_string_to_metric_families
from pythonjsonlogger.core import BaseJsonFormatter

from grader.errors import Unavailable
from server.app import make_app
from server.logs import configure
from server.rates import Rates
from tests.leaderboard.cases import scored
from tests.server.sending import Sending
from tests.server.serving import serving
from tests.server.world import World, change, judge, plain_client

Metrics = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def metrics(world: World) -> Metrics:
    """By name and labels."""
    text = world.client.get("/metrics").text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_it_is_well(world: World) -> None:
    assert world.client.get("/healthz").json() == {"status": "ok", "graders": 0}


def test_it_is_not_well_without_its_ledger(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy() -> None:
        raise Unavailable("the ledger is busy", where=str(world.course.folder))

    monkeypatch.setattr(world.store, "graders", busy)
    answer = world.client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "failing", "what": "the ledger is busy"}


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host", "X-Forwarded-Proto"]
)
def test_metrics_are_for_this_machine(world: World, header: str) -> None:
    assert world.client.get("/metrics").status_code == 200
    answer = world.client.get("/metrics", headers={header: "127.0.0.1"})
    assert answer.status_code == 403
    assert "heldout_" not in answer.text


def test_metrics_are_prometheuss_and_counters_only_grow(world: World) -> None:
    before = metrics(world)
    ref = Sending(world, "ada", b"ada").whole()["ref"]
    assert metrics(world)["heldout_queue_depth", ()] == 1
    judge(world.store, ref, scored())
    after = metrics(world)
    verdict = (("assignment", "denoising"), ("run_kind", "evaluate"), ("verdict", "scored"))
    assert after["heldout_verdicts_total", verdict] == 1
    assert after["heldout_submissions", (("state", "scored"),)] == 1
    shrunk = [
        name for name, value in before.items()
        if name[0].endswith(("_total", "_count", "_sum", "_bucket")) and after[name] < value
    ]  # fmt: skip
    assert shrunk == []
    assert metrics(world)["heldout_verdicts_total", verdict] == 1, "a verdict is counted once"


def test_metrics_tell_of_nobody(world: World) -> None:
    Sending(world, "ada", b"ada").whole(description="mark-of-ada")
    world.ask("ada", "GET", "/submissions/1/?mark-of-ada")
    text = world.client.get("/metrics").text
    assert [each for each in ("ada", "Ada", "mark", "hc_", "/submissions/1") if each in text] == []


@pytest.fixture
def lines() -> Any:
    """What a server has logged, as its operator's collector reads it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    found: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(self.format(record))

    configure()
    kept = Kept()
    formatter = root.handlers[0].formatter
    assert isinstance(formatter, BaseJsonFormatter)
    kept.setFormatter(formatter)
    root.handlers[:] = [kept]
    yield found
    root.handlers[:] = handlers
    root.setLevel(level)


def test_the_log_is_json_lines_without_secrets(world: World, lines: list[str]) -> None:
    secrets = world.secrets["ada"]
    invited = world.store.access.invite("bob").token
    world.api("ada", "GET", f"/me?token={secrets.client}")
    world.api("ada", "POST", "/token/rotate")
    world.ask("ada", "GET", f"/login/?token={invited}")
    world.ask("ada", "POST", "/account/link")
    world.client.post("/login/", data={"token": invited})
    world.ask("ada", "GET", f"/{secrets.session}%0aINFO%20forged")
    world.client.get(
        "/api/v1/submissions/x%0d%0aforged", headers={"Authorization": f"Bearer {secrets.client}"}
    )
    told = [json.loads(line) for line in lines]
    assert len(told) >= 7
    assert {"at", "level", "logger", "message", "method", "route", "status", "ms", "client"} <= set(told[0])
    text = "\n".join(lines)
    assert [each for each in ("hc_", "hs_", "hi_", "forged", secrets.client, invited) if each in text] == []


def test_a_break_is_logged_on_one_line_with_its_traceback(
    world: World, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*words: object, **more: object) -> None:
        raise RuntimeError("a broken\nthing")

    monkeypatch.setattr(world.store.access, "who", broken)
    assert world.ask("ada", "GET", "/").status_code == 500
    told = [json.loads(line) for line in lines]
    assert "ERROR" in [line["level"] for line in told if "Traceback" in str(line.get("exc_info"))]
    assert [line["status"] for line in told if line.get("route")] == [500]


def limited(world: World, **rates: Any) -> Any:
    app = make_app(world.office)
    change(app, Rates, **{name: RateLimitItemPerMinute(most) for name, most in rates.items()})
    return serving(app, lifespan="off")


def test_whoever_asks_too_often_is_told_when_to_come_back(world: World) -> None:
    with limited(world, reading=5, writing=2) as url, plain_client(url) as client:
        proof = world.proof("ada", "/api/")
        statuses = [client.get("/api/v1/me", headers=proof).status_code for _ in range(7)]
        assert statuses == [200] * 5 + [429] * 2
        refused = client.get("/api/v1/me", headers=proof)
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert "wait" in refused.json()["error"]["next_step"]
        assert client.get("/api/v1/me", headers=world.proof("bob", "/api/")).status_code == 200
        statuses = [client.post("/api/v1/login", json={"token": "x"}).status_code for _ in range(4)]
        assert statuses == [401, 401, 429, 429]


def test_whoever_invents_secrets_is_counted_by_address(world: World) -> None:
    with limited(world, address=20) as url, plain_client(url) as client:
        statuses = [
            client.get("/api/v1/me", headers={"Authorization": f"Bearer hc_{number}"}).status_code
            for number in range(30)
        ]
    assert statuses == [401] * 20 + [429] * 10


def test_invented_secrets_are_forgotten() -> None:
    """Else whoever sends many fills the memory."""
    import time

    async def nothing(*words: object) -> None: ...

    one: Any = RateLimitItemPerSecond(1_000_000)
    scope = {"type": "http", "method": "GET", "path": "/api/v1/me", "headers": [], "client": ("::1", 1)}
    rates = Rates(nothing, reading=one, writing=one, address=one)
    for number in range(2_000):
        assert rates._wait(scope | {"headers": [(b"authorization", f"Bearer {number}".encode())]}) == 0
    time.sleep(2.3)
    rates._wait(scope)
    time.sleep(0.3)
    storage: Any = rates._limiter.storage
    kept = [vars(storage)[name] for name in ("storage", "expirations", "events", "locks")]
    assert max(map(len, kept)) < 50
