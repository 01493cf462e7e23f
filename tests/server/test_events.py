"""Open pages: they hear of what they may see, hold nobody up, and end with their session."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from queue import Empty, Queue

import httpx
import pytest

from grader.errors import Unavailable
from leaderboard.records import State
from server import pulse
from tests.leaderboard.cases import scored
from tests.server.sending import Sending
from tests.server.world import SLUG, TEAMS, World, judge

BOARD = f"/assignments/{SLUG}/board/events"


@contextmanager
def watching(world: World, who: str, path: str) -> Iterator[Queue[str]]:
    """What arrives on an open page: a word for each event; "end" when it has ended."""
    found: Queue[str] = Queue()
    with httpx.Client(base_url=world.url, trust_env=False, timeout=30) as client:
        request = client.build_request("GET", path, headers=world.proof(who, path))
        answer = client.send(request, stream=True)
        assert answer.status_code == 200
        thread = threading.Thread(target=listen, args=(answer, found))
        thread.start()
        time.sleep(0.3)  # until it has looked
        try:
            yield found
        finally:
            answer.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            thread.join(10)


def listen(answer: httpx.Response, found: Queue[str]) -> None:
    with suppress(httpx.HTTPError, OSError):
        for line in answer.iter_lines():
            if line.startswith("data:"):
                found.put(line.removeprefix("data:").strip())
    found.put("end")


def quiet(found: Queue[str], seconds: float = 2.5) -> bool:
    try:
        found.get(timeout=seconds)
    except Empty:
        return True
    return False


def busy() -> object:
    raise Unavailable("busy")


def mistaken() -> object:
    raise TypeError("nobody foresaw this")


@pytest.fixture(autouse=True)
def swift(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "BEAT", 0.1)
    monkeypatch.setattr(pulse, "LATER", 0.1)


def test_a_page_hears_of_its_submission_and_not_of_others(world: World) -> None:
    ada, bob = (Sending(world, who, who.encode() * 9).whole()["ref"] for who in ("ada", "bob"))
    with (
        watching(world, "ada", f"/submissions/{ada}/events") as hers,
        watching(world, "ada", BOARD) as board,
        watching(world, "grace", "/staff/audit/events") as audit,
    ):
        judge(world.store, ada, scored())
        assert hers.get(timeout=10) == "changed"
        assert board.get(timeout=10) == "changed"
        while not quiet(hers, 1.0):
            pass
        world.clock.go(seconds=1)
        judge(world.store, bob, scored())
        assert board.get(timeout=10) == "changed"
        assert quiet(hers, 1.0), "it is no longer in the queue, and Bob's is none of hers"
        assert quiet(audit, 0.5)
        world.store.decisions.disqualify(world.assignment, "Eve", "a reason")
        assert audit.get(timeout=10) == "changed"


def test_an_event_says_nothing_of_what_has_changed(world: World) -> None:
    ref = Sending(world, "ada", b"ada").whole()["ref"]
    with watching(world, "bob", BOARD) as found:
        judge(world.store, ref, scored())
        assert found.get(timeout=10) == "changed"


def test_two_hundred_open_pages_hold_nobody_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the ledger is looked at as often as for one."""
    monkeypatch.setattr(pulse, "PAGES", 50)
    looks = []
    topics = world.store.topics

    def counted() -> object:
        looks.append(time.monotonic())
        return topics()

    world.store.topics = counted  # type: ignore[method-assign, assignment]
    asyncio.run(crowd(world, looks))
    time.sleep(0.5)
    assert world.office.pulse._watching == {}, "who has left leaves nothing behind"
    before = len(looks)
    time.sleep(0.5)
    assert len(looks) == before, "nor is anything looked at for them"


async def crowd(world: World, looks: list[float]) -> None:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=world.url, trust_env=False, timeout=20, limits=limits) as client:

        async def watch(who: str) -> None:
            async with client.stream("GET", BOARD, headers=world.proof(who, BOARD)) as answer:
                assert answer.status_code == 200
                async for _ in answer.aiter_bytes():
                    pass

        pages = [
            asyncio.create_task(watch(who))
            for who in ("ada", "bob", "olive", "grace")
            for _ in range(pulse.PAGES)
        ]
        await asyncio.sleep(1.0)
        before, begun = len(looks), time.monotonic()
        for _ in range(
            20
        ):  # one that is held up until the pages close gets no answer within the client's patience
            assert (await client.get("/healthz")).status_code == 200
            await asyncio.sleep(0.05)
        passed = time.monotonic() - begun
        assert len(looks) - before <= passed / 0.1 + 2, "one look a beat"
        for page in pages:
            page.cancel()
        await asyncio.gather(*pages, return_exceptions=True)


@pytest.mark.thorough
def test_one_persons_pages_leave_room_for_others(world: World) -> None:
    with ExitStack() as stack:
        for _ in range(pulse.PAGES):
            stack.enter_context(watching(world, "ada", BOARD))
        refused = world.ask("ada", "GET", BOARD)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        with watching(world, "bob", BOARD):
            pass


def test_a_page_ends_with_its_session(world: World) -> None:
    ref = Sending(world, "ada", b"ada").whole()["ref"]
    with watching(world, "bob", BOARD) as found:
        world.store.access.revoke("bob")
        judge(world.store, ref, scored())
        assert found.get(timeout=10) == "end"
    assert world.ask("bob", "GET", BOARD).status_code == 303


def test_what_began_and_ended_between_two_looks_is_heard_of(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before and after it nothing waits: a page that was drawn meanwhile would stay as it is for ever."""
    mine = f"/assignments/{SLUG}/mine/events"
    with ExitStack() as stack:
        pages = [
            stack.enter_context(watching(world, *page))
            for page in (("grace", "/staff/events"), ("ada", mine))
        ]
        with monkeypatch.context() as between:
            between.setattr(world.store, "topics", busy)
            ref = Sending(world, "ada", b"ada").whole()["ref"]
            pages.append(stack.enter_context(watching(world, "ada", f"/submissions/{ref}/events")))
            judge(world.store, ref, scored())
            assert all(quiet(page, 0.3) for page in pages)
        assert [page.get(timeout=10) for page in pages] == ["changed"] * 3


@pytest.mark.parametrize("broken", [busy, mistaken])
def test_a_ledger_that_does_not_answer_ends_no_page(
    world: World, monkeypatch: pytest.MonkeyPatch, broken: Callable[[], object]
) -> None:
    ref = Sending(world, "ada", b"ada").whole()["ref"]
    with watching(world, "bob", BOARD) as found:
        topics = world.store.topics
        monkeypatch.setattr(world.store, "topics", broken)
        judge(world.store, ref, scored())
        assert quiet(found, 1.0)
        monkeypatch.setattr(world.store, "topics", topics)
        assert found.get(timeout=10) == "changed"
    assert world.store.submission(ref).state is State.SCORED
    assert world.store.submission(ref).team == TEAMS["ada"]
