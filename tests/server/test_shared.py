"""What all readers share: one drawing of a page, one count of what was judged."""

import asyncio
import errno
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.requests import Request

from grader import catalogue
from grader.course import CONFIG
from grader.current import CurrentCourse
from grader.spec import Assignment
from leaderboard.membership import Person, Role
from leaderboard.store import Store
from leaderboard.topics import of_team
from leaderboard.web.frame import Frame
from server.arrivals import Arrival, Arrivals
from server.kept import Kept
from server.metrics import Metrics
from server.pages.frames import COOKIE
from server.rates import _secret
from tests.server.sending import Sending
from tests.server.world import BOB, SLUG, Mark, World, hand_in


def test_what_is_kept_of_a_page_has_nothing_of_its_first_reader() -> None:
    kept, drawn = Kept(), []

    def draw(frame: Frame) -> str:
        drawn.append(frame)
        return f"{frame.person} {frame.csrf} {frame.origin}"

    def frame(name: str) -> Frame:
        who = Person(name, name, Role.STUDENT, "Ada Lovelace")
        return Frame("A course", "../", person=who, csrf=f"csrf of {name}", origin=f"https://{name}.example")

    async def read(*names: str) -> list[str]:
        return [await kept.page("board", frame(name), lambda: 1, draw) for name in names]

    for page in asyncio.run(read("ada", "bob")):
        assert "csrf of" not in page
        assert ".example" not in page
    assert len(drawn) == 1


def test_collectors_that_ask_at_once_count_a_judging_once() -> None:
    asked: list[int | None] = []
    both = threading.Barrier(2)

    def judged_since(number: int | None) -> tuple[int, list[Any]]:
        asked.append(number)
        return (number or 0) + 1, []

    def tally() -> Any:
        return SimpleNamespace(counts={}, oldest_seconds=None, graders=())

    metrics = Metrics(cast(Store, SimpleNamespace(judged_since=judged_since, tally=tally)))

    def collect() -> None:
        both.wait()
        for _ in range(20):
            metrics.text()

    threads = [threading.Thread(target=collect) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert asked == [None, *range(1, 41)]


def test_rules_that_were_changed_while_somebody_asked_are_not_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who read the old settings may end after who read the new ones."""
    course, settings, find = CurrentCourse(world.course), world.course.folder / CONFIG, catalogue.find

    def overtaken(slug: str) -> Assignment:
        monkeypatch.setattr(catalogue, "find", find)
        with settings.open("a") as file:
            file.write(f"\n[assignments.{SLUG}.rules]\ndaily = 59\n")
        assert course.assignment(slug).rules.daily == 59
        return find(slug)

    monkeypatch.setattr(catalogue, "find", overtaken)
    assert course.assignment(SLUG).rules.daily != 59
    assert course.assignment(SLUG).rules.daily == 59


def secret_of(path: str, **headers: str) -> str:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return _secret(Request({"type": "http", "method": "GET", "path": path, "headers": raw}))


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"cookie": f"{COOKIE}=hs_x"}),
        ("/", {"cookie": f"other=1; {COOKIE}=hs_x"}),
        ("/", {"cookie": f"{COOKIE}=hs_x", "authorization": "Bearer 1"}),
        ("/api/v1/me", {"authorization": "Bearer hs_x"}),
        ("/api/v1/me", {"authorization": "bearer  hs_x", "cookie": f"{COOKIE}=1"}),
    ],
)
def test_nobody_is_another_by_what_else_is_sent(path: str, headers: dict[str, str]) -> None:
    assert secret_of(path, **headers) == "hs_x"


def test_a_team_hears_of_its_own_and_of_the_queue_while_it_waits(world: World) -> None:
    hand_in(world.store, world.course, "ada", Mark())
    job = world.store.claim("grader", 60.0)
    assert job is not None
    hand_in(world.store, world.course, "bob", Mark())
    before = world.store.topics()
    assert world.store.tell(job, "training", 1, 10)
    after = world.store.topics()
    assert before[of_team(BOB.team)] == after[of_team(BOB.team)]
    assert before[of_team(job.team)] != after[of_team(job.team)]


def test_what_was_received_is_received_though_nothing_more_can_be_written_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = Sending(world, "ada", b"PK all of it")
    number = sending.begin()

    def full(self: Arrivals, arrival: Arrival) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Arrivals, "_write", full)
    answer = sending.send(number)
    assert answer.status_code == 200
    assert world.store.submission(answer.json()["receipt"]["ref"]).team == "Ada Lovelace"
