"""Handing in: whatever comes in whatever order, the very bytes are received once, or nothing is."""

import errno
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from desk.wire import OFFSET
from grader.spec import RunKind
from leaderboard.records import State
from server import arrivals
from server.api import uploads
from tests.leaderboard.conftest import START
from tests.server.sending import Sending, set_rules
from tests.server.world import SLUG, TEAMS, World

DATA = bytes(range(256)) * 40
FREE = ('daily = "unlimited"', 'total = "unlimited"', 'pending = "unlimited"')


def kept(world: World) -> dict[str, bytes]:
    """By checksum, as they are named."""
    return {path.stem: path.read_bytes() for path in world.course.archives.rglob("*.zip")}


def arriving(world: World) -> list[str]:
    return sorted(path.suffix for path in (world.course.folder / "arriving").iterdir())


def queued(world: World) -> int:
    return sum(len(world.store.submissions(SLUG, team)) for team in TEAMS.values())


def test_what_is_sent_is_what_is_received(world: World) -> None:
    ada = Sending(world, "ada", DATA)
    receipt = ada.whole(description="one")
    assert kept(world) == {receipt["sha256"]: DATA}
    assert receipt["received_at"] == "2026-11-16T09:00:00Z"
    assert (receipt["duplicate"], receipt["late"], receipt["size"]) == (False, False, len(DATA))
    [one] = world.store.submissions(SLUG, TEAMS["ada"])
    assert (one.sha256, one.description, one.state) == (receipt["sha256"], "one", State.QUEUED)
    assert arriving(world) == [".json"], "what has a receipt needs no room"


def test_whoever_lost_the_receipt_is_given_it_again(world: World) -> None:
    ada = Sending(world, "ada", DATA)
    number = ada.begin()
    first = ada.send(number).json()
    for again in (ada.send(number), ada.send(number, len(DATA), b""), ada.look(number)):
        assert again.json() == first
    later = ada.whole()
    assert (later["ref"], later["duplicate"]) == (first["receipt"]["ref"], True)
    assert queued(world) == 1


@pytest.mark.parametrize("offset", [1, len(DATA), len(DATA) + 1, 1 << 63, 1 << 200])
def test_a_gap_is_refused_with_where_to_go_on(world: World, offset: int) -> None:
    ada = Sending(world, "ada", DATA)
    number = ada.begin()
    answer = ada.send(number, offset, b"x")
    assert answer.status_code == 409
    assert "from 0 on" in answer.text
    assert ada.look(number).json()["offset"] == 0
    assert ada.send(number).json()["receipt"]


@pytest.mark.parametrize("offset", ["-1", "", "x", "0x1", "1.5", "1e3", "１", "0, 0", "9" * 5000])
def test_an_offset_that_is_none(world: World, offset: str) -> None:
    ada = Sending(world, "ada", DATA)
    number = ada.begin()
    headers = {OFFSET.encode(): offset.encode()}
    answer = world.api("ada", "PATCH", f"/uploads/{number}", content=DATA, headers=headers)
    assert answer.status_code == 422
    assert ada.look(number).json()["offset"] == 0


def test_without_an_offset_nothing_is_taken(world: World) -> None:
    ada = Sending(world, "ada", DATA)
    answer = world.api("ada", "PATCH", f"/uploads/{ada.begin()}", content=DATA)
    assert answer.status_code == 422
    assert OFFSET in answer.text


def test_pieces_in_another_order_are_refused(world: World) -> None:
    ada = Sending(world, "ada", DATA)
    number = ada.begin()
    assert ada.send(number, 0, DATA[:100]).json()["offset"] == 100
    assert ada.send(number, 200, DATA[200:]).status_code == 409
    assert ada.send(number, 50, DATA[50:]).status_code == 409, "nor is what is there written over"
    assert ada.send(number, 100).json()["receipt"]
    assert kept(world) == {ada.new["sha256"]: DATA}


def test_more_than_was_announced_is_refused(world: World) -> None:
    ada = Sending(world, "ada", DATA)
    number = ada.begin()
    answer = ada.send(number, 0, DATA + b"x")
    assert answer.status_code == 413
    assert not kept(world)
    assert Sending(world, "ada", DATA).whole()["duplicate"] is False


def test_more_than_was_announced_in_chunks_is_refused(world: World) -> None:
    ada = Sending(world, "ada", DATA)
    answer = ada.send(ada.begin(), 0, iter([DATA[:-1], b"xy", b"z" * 10_000]))
    assert answer.status_code == 413
    assert queued(world) == 0


def test_other_bytes_are_not_received_and_can_be_sent_again(world: World) -> None:
    ada = Sending(world, "ada", DATA)
    number = ada.begin()
    answer = ada.send(number, 0, DATA[::-1])
    assert answer.status_code == 400
    assert hashlib.sha256(DATA[::-1]).hexdigest() in answer.text
    assert (queued(world), kept(world)) == (0, {})
    assert ada.whole()["duplicate"] is False


def test_less_waits_for_the_rest(world: World) -> None:
    ada = Sending(world, "ada", DATA)
    number = ada.begin()
    assert ada.send(number, 0, DATA[:-1]).json() == {
        "id": number, "size": len(DATA), "offset": len(DATA) - 1, "receipt": None,
    }  # fmt: skip
    assert queued(world) == 0
    assert ada.announce().json()["offset"] == len(DATA) - 1, "whoever begins again goes on"
    assert ada.send(number, len(DATA) - 1).json()["receipt"]


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"size": 0}, 422, "greater than 0"),
        ({"size": -1}, 422, "greater than 0"),
        ({"size": 1 << 40}, 413, "the limit is 20.0 MB"),
        ({"size": 1 << 70}, 413, "the limit is 20.0 MB"),
        ({"size": 16_385, "run_kind": "train"}, 413, "16.0 KiB"),
        ({"size": "many"}, 422, "integer"),
        ({"sha256": "A" * 64}, 422, "pattern"),
        ({"sha256": "../" * 21 + "a"}, 422, "pattern"),
        ({"sha256": "a" * 64 + "\n"}, 422, "pattern"),
        ({"slug": "../denoising"}, 404, "no assignment"),
        ({"slug": "vae"}, 404, "no assignment"),
        ({"run_kind": "both"}, 422, "evaluate"),
        ({"file_name": ""}, 422, "at least 1"),
        ({"file_name": "x" * 256}, 422, "255"),
        ({"description": "x" * 1001}, 422, "1000"),
        ({"team": "Bob's team"}, 403, "your own"),
        ({"team": "bob"}, 403, "your own"),
        ({"ranks_first": True}, 422, "openapi.json"),
    ],
)
def test_what_can_not_be_received_is_refused_before_it_is_sent(
    filled: World, changes: dict[str, Any], status: int, says: str
) -> None:
    answer = Sending(filled, "ada", DATA).announce(**changes)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    assert str(filled.course.folder) not in answer.text


@pytest.mark.parametrize(
    "name",
    ["../../../etc/passwd", "a\r\nX: y", "C:\\con", "a\x00.zip", "<b>.zip", "…" * 255, "\u202egpj.zip", "."],
)
def test_a_files_name_is_only_a_text(world: World, name: str) -> None:
    ada = Sending(world, "ada", DATA)
    ada.whole(file_name=name)
    assert kept(world) == {ada.new["sha256"]: DATA}
    answer = world.ask("ada", "GET", f"/assignments/{SLUG}/mine/")
    assert answer.status_code == 200
    assert "x" not in answer.headers
    told = world.api("ada", "GET", "/submissions/1").json()["submission"]
    assert told["file_name"] == name.replace("\x00", "\ufffd")


def test_16_kib_of_code_are_taken(world: World) -> None:
    ada = Sending(world, "ada", b"x" * 16_384)
    assert ada.whole(run_kind="train")["ref"]
    [one] = world.store.submissions(SLUG, TEAMS["ada"])
    assert one.run_kind is RunKind.TRAIN


@pytest.mark.parametrize("number", ["a" * 32, "A" * 32, "..", "../x", "%2e%2e%2fseed", "a" * 31, "*", "%00"])
def test_an_upload_that_is_none(filled: World, number: str) -> None:
    for method in ("GET", "PATCH"):
        answer = filled.api("ada", method, f"/uploads/{number}", headers={OFFSET: "0"}, content=b"")
        assert answer.status_code == 404
        assert str(filled.course.folder) not in answer.text


def test_what_one_has_begun_is_nobody_elses(world: World) -> None:
    ada, bob = (Sending(world, who, DATA) for who in ("ada", "bob"))
    number = ada.begin()
    assert ada.send(number, 0, DATA[:10]).status_code == 200
    assert bob.look(number).status_code == 404
    assert bob.send(number, 10).status_code == 404
    assert bob.begin() != number
    assert ada.look(number).json()["offset"] == 10


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
        patched.setattr(arrivals.os, "fstat", full)
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
