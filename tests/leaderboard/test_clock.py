"""One time for all machines of a course: the database server's, where it has one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from grader.errors import Unavailable
from leaderboard import clock
from leaderboard.clock import AGAIN, ServerClock
from leaderboard.store import Store
from tests.leaderboard.cases import send, take
from tests.leaderboard.conftest import Server

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


class Elsewhere:
    """A server whose clock and ours run apart; `counted` are our own seconds."""

    def __init__(self) -> None:
        self.counted, self.ahead, self.asked, self.silent = 1_000.0, timedelta(0), 0, False

    def __call__(self) -> datetime:
        self.asked += 1
        if self.silent:
            raise Unavailable("the database doesn't answer")
        return NOON + timedelta(seconds=self.counted - 1_000.0) + self.ahead

    def monotonic(self) -> float:
        return self.counted


def test_it_is_asked_once_a_minute_and_counted_in_between() -> None:
    server = Elsewhere()
    now = ServerClock(server, server.monotonic)
    for _ in range(10):
        server.counted += AGAIN / 20
        assert now() == NOON + timedelta(seconds=server.counted - 1_000.0)
    assert server.asked == 1
    server.ahead = timedelta(minutes=3)  # set anew there
    server.counted += AGAIN
    assert now() == NOON + timedelta(seconds=server.counted - 1_000.0) + server.ahead
    assert server.asked == 2


def test_a_server_that_is_silent_stops_no_clock() -> None:
    server = Elsewhere()
    now = ServerClock(server, server.monotonic)
    server.silent = True
    server.counted += 10 * AGAIN
    assert now() == NOON + timedelta(seconds=10 * AGAIN)
    with pytest.raises(Unavailable):
        ServerClock(server, server.monotonic)


@pytest.fixture
def wrong_here(monkeypatch: pytest.MonkeyPatch) -> Callable[[], datetime]:
    """This machine's clock is two hours ahead."""

    def ahead() -> datetime:
        return datetime.now(UTC) + timedelta(hours=2)

    monkeypatch.setattr(clock, "utc_now", ahead)
    return ahead


def test_a_machine_whose_clock_is_wrong_takes_nobodys_job(
    postgresql: Server, wrong_here: Callable[[], datetime]
) -> None:
    """By its own clock every lease of another machine's would have run out."""
    url = postgresql(migrated=True)
    with Store.open(url) as store:
        assert abs(store.now() - datetime.now(UTC)) < timedelta(seconds=30)
        send(store)
        job = take(store, "another machine")
        assert store.sweep() == 0
        assert store.renew(job)
    with Store.open(url, clock=wrong_here) as store:
        assert store.sweep() == 1


def test_a_file_has_the_machines_own(tmp_path: object, wrong_here: Callable[[], datetime]) -> None:
    with Store.create(f"sqlite:///{tmp_path}/ledger.db") as store:
        assert store.now() - datetime.now(UTC) > timedelta(hours=1)
