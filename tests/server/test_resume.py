"""Uploads over a bad line: whatever is cut, repeated or lost, the very bytes arrive once."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.sending import Sending, set_rules
from tests.server.world import SLUG, TEAMS, World

MISHAPS = ("sent", "sent twice", "answer lost", "cut", "too early", "too late", "announced anew", "asked")


@dataclass(frozen=True)
class Step:
    """The next `size` bytes, and what becomes of them; of what is cut `share` arrives."""

    size: int
    mishap: str
    share: float


STEPS = st.lists(
    st.builds(
        Step, st.integers(0, 4000), st.sampled_from(MISHAPS), st.floats(0, 1, allow_nan=False, width=16)
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def free(filled: World) -> World:
    set_rules(filled, 'daily = "unlimited"', 'total = "unlimited"', 'pending = "unlimited"')
    return filled


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(min_size=1, max_size=6000), steps=STEPS)
def test_whatever_happens_on_the_way_the_very_bytes_are_received_once(
    free: World, data: bytes, steps: list[Step]
) -> None:
    ada = Sending(free, "ada", data)
    before = count(free, ada)
    number = ada.begin()
    for step in steps:
        go(ada, number, step)
    while (now := ada.look(number).json())["receipt"] is None:
        assert ada.send(number, now["offset"]).status_code == 200
    assert now["receipt"]["sha256"] == hashlib.sha256(data).hexdigest()
    kept = free.course.archives / now["receipt"]["sha256"][:2] / f"{now['receipt']['sha256']}.zip"
    assert kept.read_bytes() == data
    assert count(free, ada) == max(1, before)


def count(world: World, ada: Sending) -> int:
    digest = hashlib.sha256(ada.data).hexdigest()
    return sum(one.sha256 == digest for one in world.store.submissions(SLUG, TEAMS["ada"]))


def go(ada: Sending, number: str, step: Step) -> None:
    """One request, or several; none of them breaks anything."""
    offset = ada.look(number).json()["offset"]
    piece = ada.data[offset : offset + step.size]
    match step.mishap:
        case "cut":
            answers = [ada.send(number, offset, cut(piece, step.share))]
        case "sent twice":
            answers = [ada.send(number, offset, piece), ada.send(number, offset, piece)]
        case "too early":
            answers = [ada.send(number, offset + 1, piece)]
        case "too late":
            answers = [ada.send(number, max(0, offset - 1), piece)]
        case "announced anew":
            answers = [ada.announce()]
        case "asked":
            answers = [ada.look(number)]
        case _:  # whether the answer is lost or not
            answers = [ada.send(number, offset, piece)]
    assert {answer.status_code for answer in answers} <= {200, 201, 409}, [one.text for one in answers]


def cut(piece: bytes, share: float) -> Iterator[bytes]:
    yield piece[: int(share * len(piece))]
