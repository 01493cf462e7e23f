"""Handing in at the last moment, at the same moment, and where there is no room."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from desk.wire import OFFSET
from server import arrivals
from server.api import uploads
from tests.leaderboard.conftest import START
from tests.server.sending import DATA, FREE, Sending, arriving, kept, queued, set_rules
from tests.server.world import SLUG, TEAMS, World

# ------------------------------------------------------------ when


def test_what_arrived_before_the_deadline_is_in_time_however_slow_its_receipt(world: World) -> None:
    set_rules(world, f"deadline = {(START + timedelta(hours=1)).isoformat()}", "late_days = 0")
    ada = Sending(world, "ada", DATA)
    number = ada.begin()
    world.clock.go(minutes=59)

    def slowly() -> Any:
        yield DATA[:-1]
        world.clock.go(minutes=5)
        yield DATA[-1:]

    receipt = ada.send(number, 0, slowly()).json()["receipt"]
    assert receipt["late"] is False


def test_what_was_announced_before_and_sent_after_is_late(world: World) -> None:
    set_rules(world, f"deadline = {(START + timedelta(hours=1)).isoformat()}")
    ada = Sending(world, "ada", DATA)
    number = ada.begin()
    assert ada.send(number, 0, DATA[:-1]).status_code == 200
    world.clock.go(hours=2)
    answer = ada.send(number, len(DATA) - 1)
    assert answer.status_code == 409
    assert "closed" in answer.text
    assert (queued(world), kept(world), arriving(world)) == (0, {}, [])


def test_of_two_that_are_announced_with_one_left_one_is_received(world: World) -> None:
    set_rules(world, "daily = 1", 'total = "unlimited"', 'pending = "unlimited"')
    both = [Sending(world, "ada", DATA + end) for end in (b"1", b"2")]
    numbers = [one.begin() for one in both]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: one[0].send(one[1]), zip(both, numbers, strict=True)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert queued(world) == 1


def test_what_was_withdrawn_can_be_sent_again(world: World) -> None:
    set_rules(world, *FREE)
    ada = Sending(world, "ada", DATA)
    first = ada.whole()
    gone = world.api("ada", "POST", f"/submissions/{first['ref']}/withdraw", json={"undo": False})
    assert gone.json() == {"state": "cancelled"}
    again = ada.whole()
    assert again["duplicate"] is False
    assert again["ref"] != first["ref"]


# ------------------------------------------------------------ room


def test_what_would_leave_the_ledger_no_room_is_refused_before_it_is_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "LEFT", 1 << 60)
    answer = Sending(world, "ada", DATA).announce()
    assert (answer.status_code, answer.headers["Retry-After"]) == (507, "5")
    assert answer.json()["error"] == {
        "what": "the server's disk is full: nothing was received",
        "where": "",
        "expected": "room for what is handed in",
        "next_step": "tell your instructor, and submit again; no attempt was counted",
    }
    assert arriving(world) == []


def test_a_disk_that_fills_on_the_way_keeps_none_of_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what nobody can finish would take the ledger's room for a day."""
    ada = Sending(world, "ada", DATA)
    number = ada.begin()

    def full(*words: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert ada.send(number, 0, DATA[:5000]).json()["offset"] == 5000
    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", full)
        answer = ada.send(number, 5000)
    assert answer.status_code == 507
    assert ada.look(number).json()["offset"] == 0
    assert ada.send(number).json()["receipt"]


# ------------------------------------------------------------ at once


def test_two_senders_of_the_same_get_one_submission(world: World) -> None:
    """As when a client begins anew while its first connection still hangs."""
    ada = Sending(world, "ada", DATA * 20)
    number = ada.begin()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ada.send(number), range(16)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert ada.look(number).json()["receipt"]
    assert queued(world) == 1


def test_the_last_piece_sent_twice_at_once_gives_one_receipt(world: World) -> None:
    set_rules(world, *FREE)
    for number in range(8):
        receipt = finished_by_several(Sending(world, "ada", DATA + bytes([number])))
        assert receipt["duplicate"] is False
        assert queued(world) == number + 1


def finished_by_several(ada: Sending) -> dict[str, Any]:
    """All but the last byte is there; then one sends that, and others believe it was sent."""
    number, end = ada.begin(), len(ada.data)
    assert ada.send(number, 0, ada.data[:-1]).status_code == 200
    with ThreadPoolExecutor(6) as pool:
        tries = [(end - 1, None), *[(end, b"")] * 5]
        answers = list(pool.map(lambda one: ada.send(number, *one), tries))
    assert {answer.status_code for answer in answers} <= {200, 409}, [one.text for one in answers]
    found: dict[str, Any] = ada.send(number, ada.look(number).json()["offset"]).json()["receipt"]
    return found


def test_the_same_archive_of_two_teams_is_two_submissions(world: World) -> None:
    both = [Sending(world, who, DATA) for who in ("ada", "bob")]
    with ThreadPoolExecutor(2) as pool:
        receipts = list(pool.map(lambda one: one.whole(), both))
    assert {one["team"] for one in receipts} == set(TEAMS.values())
    assert [one["duplicate"] for one in receipts] == [False, False]
    assert list(kept(world).values()) == [DATA]


def test_thirty_at_once_are_all_received(world: World) -> None:
    set_rules(world, *FREE)
    names = [f"team {number}" for number in range(15)]
    for name in names:
        world.store.ensure_team(name, "student")  # type: ignore[arg-type]
    every = [
        (Sending(world, "grace", f"{name} {turn}".encode() * 50_000), name)
        for name in names
        for turn in range(2)
    ]
    with ThreadPoolExecutor(30) as pool:
        numbers = list(pool.map(lambda one: one[0].begin(team=one[1]), every))
        list(
            pool.map(
                lambda one: world.api(
                    "grace", "PATCH", f"/uploads/{one[1]}?team={one[0][1]}",
                    content=one[0][0].data, headers={OFFSET: "0"},
                ).raise_for_status(),
                zip(every, numbers, strict=True),
            )
        )  # fmt: skip
    assert sorted(kept(world).values()) == sorted(one.data for one, _ in every)
    assert len(world.store.submissions(SLUG)) == 30


def test_of_many_that_are_begun_the_oldest_is_forgotten(world: World) -> None:
    set_rules(world, *FREE)
    several = [Sending(world, "ada", DATA + bytes([number])) for number in range(6)]
    numbers = [one.begin() for one in several]
    statuses = [one.look(number).status_code for one, number in zip(several, numbers, strict=True)]
    assert statuses == [404, 404, 404, 200, 200, 200]


def test_whoever_sends_what_was_forgotten_meanwhile_is_told_so(world: World) -> None:
    """Else many could be sent at a time, by announcing new ones."""
    set_rules(world, *FREE)
    ada = Sending(world, "ada", DATA)
    number = ada.begin()

    def while_others_are_begun() -> Any:
        yield DATA[:1]
        for other in range(3):
            Sending(world, "ada", DATA + bytes([other])).begin()
        yield from (DATA[start : start + 100] for start in range(1, len(DATA), 100))

    answer = ada.send(number, 0, while_others_are_begun())
    assert answer.status_code == 404
    assert ada.whole()["duplicate"] is False


def test_whoever_falls_silent_is_told_so_and_what_came_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setattr(uploads, "SILENCE", 0.3)
    ada = Sending(world, "ada", DATA)
    number = ada.begin()

    def stalling() -> Any:
        yield DATA[:1000]
        time.sleep(1.0)
        yield DATA[1000:]

    answer = ada.send(number, 0, stalling())
    assert answer.status_code == 400
    assert "nothing came" in answer.text
    assert ada.look(number).json()["offset"] == 1000
    assert ada.send(number, 1000).json()["receipt"]
