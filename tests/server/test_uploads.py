"""Handing in: whatever comes in whatever order, the very bytes are received once, or nothing is."""

import hashlib
from typing import Any

import pytest

from desk.wire import OFFSET
from grader.spec import RunKind
from leaderboard.records import State
from tests.server.sending import DATA, Sending, arriving, kept, queued
from tests.server.world import SLUG, TEAMS, World


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
