"""What teams write about their submissions, and when the class may read it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from grader.errors import HeldoutError, NotFound, Refused
from grader.spec import RunKind
from leaderboard import write_ups
from leaderboard.activity import WriteUp
from leaderboard.store import Store
from tests.leaderboard.cases import ADA, BOB, assignment, failed, judge, scored, send, take
from tests.leaderboard.conftest import START, Clock

DAY = timedelta(days=1)


def handed_in(store: Store, team: str = "Ada", value: float = 19.0) -> int:
    send(store, team)
    return judge(store, scored(value)).ref


def test_the_latest_text_counts(store: Store, clock: Clock) -> None:
    ref = handed_in(store)
    store.write_ups.write(ref, "first", team="Ada")
    clock.go(hours=1)
    written = store.write_ups.write(ref, "  # Then \x00\n\ntext ", team="ada")
    assert written == WriteUp(ref, "Ada", "# Then \ufffd\n\ntext", clock.now, RunKind.EVALUATE)
    assert store.write_ups.told("denoising") == [written]
    assert store.submission(ref).write_up == written.text
    assert [one.write_up for one in store.submissions("denoising")] == [""]
    clock.go(hours=1)
    assert store.write_ups.write(ref, written.text, team="Ada") == written  # nothing new


def test_an_empty_text_takes_it_back(store: Store) -> None:
    ref = handed_in(store)
    store.write_ups.write(ref, "hm", team="Ada")
    store.write_ups.write(ref, " \n", team="Ada")
    assert store.write_ups.told("denoising") == []
    assert store.submission(ref).write_up == ""


def test_write_ups_of_several_newest_first(store: Store, clock: Clock) -> None:
    refs = [handed_in(store, team) for team in ("Ada", "Bob", "Ada")]
    for ref, team in zip(refs, ("Ada", "Bob", "Ada"), strict=True):
        store.write_ups.write(ref, f"about {ref}", team=team)
        clock.go(hours=1)
    assert [(one.ref, one.team) for one in store.write_ups.told("denoising")] == [
        (refs[2], "Ada"),
        (refs[1], "Bob"),
        (refs[0], "Ada"),
    ]
    assert store.write_ups.told("vae") == []


def test_only_of_a_scored_submission_of_ones_own(store: Store) -> None:
    theirs = handed_in(store, "Bob")
    send(store, "Ada")
    with pytest.raises(Refused, match="not of the team 'Ada'"):
        store.write_ups.write(theirs, "mine", team="Ada")
    queued = store.submissions("denoising", "Ada")[0].ref
    with pytest.raises(Refused, match="is queued"):
        store.write_ups.write(queued, "soon", team="Ada")
    job = take(store)
    store.record(job, failed())
    with pytest.raises(Refused, match="is failed"):
        store.write_ups.write(queued, "alas", team="Ada")
    for ref, team in ((999, "Ada"), (theirs, "Eve")):
        with pytest.raises(NotFound):
            store.write_ups.write(ref, "who?", team=team)
    assert store.write_ups.told("denoising") == []


def test_of_what_is_withdrawn_nothing_is_told(store: Store) -> None:
    ref = handed_in(store)
    store.write_ups.write(ref, "good", team="Ada")
    store.decisions.withdraw(ref, assignment())
    assert store.write_ups.told("denoising") == []
    with pytest.raises(Refused, match="is withdrawn"):
        store.write_ups.write(ref, "better", team="Ada")
    store.decisions.withdraw(ref, assignment(), undo=True)
    assert [one.text for one in store.write_ups.told("denoising")] == ["good"]


def test_of_who_is_disqualified_nothing_is_told(store: Store) -> None:
    ref = handed_in(store)
    store.write_ups.write(ref, "good", team="Ada")
    store.decisions.disqualify(assignment(), "Ada", "copied")
    assert store.write_ups.told("denoising") == []
    store.decisions.reinstate(assignment(), "Ada")
    assert len(store.write_ups.told("denoising")) == 1


def test_a_merged_team_writes_about_what_both_handed_in(store: Store) -> None:
    ref = handed_in(store, "Ada")
    store.write_ups.write(ref, "alone", team="Ada")
    handed_in(store, "Bob", 18.0)
    store.decisions.merge("Bob", "Ada", [assignment()])
    assert store.write_ups.write(ref, "together", team="Bob").team == "Bob"
    assert [(one.team, one.text) for one in store.write_ups.told("denoising")] == [("Bob", "together")]


def test_nobody_fills_the_disk(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = handed_in(store)
    store.write_ups.write(ref, "x" * 20_000, team="Ada")
    with pytest.raises(HeldoutError, match="20,001 characters"):
        store.write_ups.write(ref, "x" * 20_001, team="Ada")
    monkeypatch.setattr(write_ups, "MOST_TEXTS", 3)
    for text in ("a", "b"):
        store.write_ups.write(ref, text, team="Ada")
    with pytest.raises(Refused, match="3 times"):
        store.write_ups.write(ref, "c", team="Ada")


# ---------------------------------------------------------------- when the class may read them


@pytest.mark.parametrize(
    ("rules", "opens"),
    [
        ({}, None),
        ({"deadline": START + DAY}, START + DAY),
        ({"deadline": START + DAY, "late_until": START + 2 * DAY}, START + 2 * DAY),
        ({"deadline": START + DAY, "extensions": {"ada": START + 3 * DAY}}, START + 3 * DAY),
        ({"reveal": START + DAY}, START + DAY),
    ],
    ids=["no deadline", "deadline", "late", "extension", "reveal"],
)
def test_they_are_read_when_nobody_may_hand_in(
    store: Store, clock: Clock, rules: dict[str, Any], opens: datetime | None
) -> None:
    under = assignment(**rules)
    assert not store.write_ups.open_to_class(under)
    if opens is None:
        clock.go(days=1000)
        assert not store.write_ups.open_to_class(under)
        return
    clock.now = opens - timedelta(seconds=1)
    assert not store.write_ups.open_to_class(under)
    clock.now = opens + timedelta(seconds=1)
    assert store.write_ups.open_to_class(under)


def test_an_extension_that_was_granted_is_waited_for(store: Store, clock: Clock) -> None:
    store.import_roster([ADA, BOB])
    under = assignment(deadline=START + DAY)
    store.decisions.extend(under, "bob", START + 4 * DAY)
    clock.go(days=3)
    assert not store.write_ups.open_to_class(under)
    clock.go(days=2)
    assert store.write_ups.open_to_class(under)


def test_a_board_that_was_revealed_opens_them(store: Store) -> None:
    store.decisions.reveal(assignment())
    assert store.write_ups.open_to_class(assignment())
    store.decisions.reveal(assignment(), undo=True)
    assert not store.write_ups.open_to_class(assignment())
