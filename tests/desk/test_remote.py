"""What a desk over HTTP asks, and what it makes of the answers: a course folder's records."""

import hashlib
from datetime import UTC, datetime

import pytest

from desk.desk import Listed, Shown, StaffDesk, Standings, Which
from desk.remote import RemoteDesk
from grader.errors import HeldoutError
from grader.outline import RunKind
from leaderboard.records import State
from tests.desk.fake import ADA, OUTLINE, PNG, QUEUED, SCORED, SVG, TOKEN, Answer, Fake, kit

AT = datetime(2026, 11, 21, 18, tzinfo=UTC)


def test_what_is_read(fake: Fake, desk: RemoteDesk) -> None:
    staff: StaffDesk = desk
    assert desk.me().person == ADA
    assert staff.listed() == [Listed(OUTLINE, fake.rows[1])]
    assert staff.outline("denoising") == OUTLINE
    assert staff.submissions("denoising") == (OUTLINE, [SCORED, QUEUED])
    assert staff.submission(7) == Shown(OUTLINE, SCORED)
    assert staff.pictures(7) == {"examples": PNG}
    assert staff.standings(Which("denoising")) == Standings(OUTLINE, fake.rows, revealed=False)
    assert staff.charts(Which("denoising")) == {"history.svg": SVG, "distribution.svg": SVG}
    assert staff.limits("denoising", RunKind.EVALUATE).left == 4
    assert [team.members for team in staff.teams()] == [("ada",)]
    assert [event.action for event in staff.events()] == ["revealed"]
    assert {token for *_, token in fake.asked} == {TOKEN}


def test_what_is_decided(fake: Fake, desk: RemoteDesk) -> None:
    desk.select([7, 8])
    assert desk.withdraw(7) is State.CANCELLED
    desk.write_up(7, "# How")
    assert desk.extend("denoising", "ada", AT) is None
    desk.disqualify("denoising", "The / & ü?", "copied")
    desk.reinstate("denoising", "The / & ü?")
    desk.reveal("denoising")
    desk.reveal("denoising", undo=True)
    desk.merge("Ada", "Bob")
    desk.part("Bob")
    desk.log_out()
    assert fake.bodies == [
        {"refs": [7, 8]},
        {"text": "# How"},
        {"reason": "copied"},
        None,
        {"revealed": True},
        {"revealed": False},
        {"into": "Ada", "other": "Bob"},
        {"other": "Bob"},
        None,
    ]
    assert fake.asked[4][1] == "/assignments/denoising/disqualifications/The%20%2F%20%26%20%C3%BC%3F"


def test_only_what_was_said_is_asked_for(fake: Fake, desk: RemoteDesk) -> None:
    which = Which("denoising", RunKind.TRAIN, private=True, at=AT)
    desk.standings(which)
    desk.standings(which, members=True)
    desk.charts(which)
    desk.listed()
    desk.listed("The / & ü?")
    told = "run_kind=train&private=true&at=2026-11-21T18%3A00%3A00%2B00%3A00"
    assert fake.queries == [told, f"{told}&members=true", told, told, "", "team=The+%2F+%26+%C3%BC%3F"]


def test_a_link_for_the_browser(fake: Fake, desk: RemoteDesk) -> None:
    assert desk.link() == f"{fake.url}/login/?token=hi_once"


def test_a_kit_is_compared_with_its_checksum(fake: Fake, desk: RemoteDesk) -> None:
    data = kit({"model.py": b"..."})
    for tag in (hashlib.sha256(data).hexdigest(), f'"{hashlib.sha256(data).hexdigest()}"'):
        fake.mishaps.append(Answer(200, data, {"ETag": tag}))
        assert desk.kit("denoising") == data
    for headers in ({"ETag": '"0000"'}, {}):
        fake.mishaps.append(Answer(200, data, headers))
        with pytest.raises(HeldoutError, match="what arrived is not what the server sent"):
            desk.kit("denoising")


def test_what_the_server_would_not_take_is_not_sent(fake: Fake, desk: RemoteDesk) -> None:
    with pytest.raises(HeldoutError, match="text: string should have at most 20000 characters"):
        desk.write_up(7, "x" * 20_001)
    assert fake.asked == []
