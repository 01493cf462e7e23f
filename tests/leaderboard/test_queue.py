"""The ledger's queue from outside, receipts, turns and leases: the same on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest

from desk.told import told as disclosed
from grader.errors import HeldoutError
from grader.spec import RunKind
from leaderboard.records import Place, State, TeamKind
from leaderboard.store import Store
from tests.leaderboard.cases import ADA, BOB, broke, judge, scored, send, take, told
from tests.leaderboard.conftest import START, Clock

# ---------------------------------------------------------------- receiving


def test_a_receipt_tells_what_was_received(store: Store) -> None:
    receipt = send(store)
    found = store.submission(receipt.ref)
    assert (found.state, found.sha256, found.place) == (State.QUEUED, receipt.sha256, Place(0))
    assert (found.received_at, found.description) == (START, "first try")
    assert not receipt.duplicate


def test_the_same_bytes_get_the_earlier_receipt(store: Store) -> None:
    first = send(store, content="same")
    assert send(store, "ADA", content="same") == replace(first, duplicate=True)
    judge(store)
    assert send(store, content="same").ref == first.ref
    assert send(store, "Bob", content="same").ref != first.ref
    assert send(store, content="same", slug="gan").ref != first.ref
    assert send(store, content="other").ref != first.ref


def test_the_same_bytes_may_be_sent_again_after_a_grader_error(store: Store) -> None:
    first = send(store, content="same")
    for _ in range(3):
        judge(store, broke())
    assert not send(store, content="same").duplicate
    assert store.submission(first.ref).state is State.GRADER_ERROR


def test_an_unknown_team_is_refused_with_close_names(store: Store) -> None:
    store.import_roster([ADA, BOB])
    with pytest.raises(HeldoutError, match="did you mean 'Ada Lovelace'") as raised:
        store.receive("ada lovelac", "denoising", sha256="0" * 64, size=1, file_name="a.zip")
    assert "one of the 2 teams" in raised.value.expected


def test_texts_that_are_too_long_are_refused(store: Store) -> None:
    store.ensure_team("Ada", TeamKind.STUDENT)
    with pytest.raises(HeldoutError, match="the description has 10,000 characters"):
        store.receive("Ada", "d", sha256="0", size=1, file_name="a.zip", description="x" * 10_000)


def test_nul_and_lone_surrogates_are_stored_as_something_that_can_be(store: Store) -> None:
    store.ensure_team("Ada", TeamKind.STUDENT)
    receipt = store.receive("Ada", "d", sha256="0", size=1, file_name="\x00.zip", description="\ud800")
    found = store.submission(receipt.ref)
    assert (found.file_name, found.description) == ("\ufffd.zip", "?")


def test_a_time_without_zone_is_refused(url: str) -> None:
    naive = START.replace(tzinfo=None)
    with Store.open(url, clock=lambda: naive) as store, pytest.raises(ValueError, match="has no zone"):
        store.ensure_team("Ada", TeamKind.STUDENT)


# ---------------------------------------------------------------- claiming


def test_an_empty_queue_has_no_job(store: Store) -> None:
    assert store.claim("grader", 60.0) is None


def test_a_claim_is_a_lease(store: Store, clock: Clock) -> None:
    receipt = send(store)
    job = take(store)
    assert (job.ref, job.team, job.attempt, job.holder) == (receipt.ref, "Ada", 1, "grader")
    assert job.expires_at == START + timedelta(seconds=60)
    assert store.claim("other", 60.0) is None
    assert store.submission(receipt.ref).state is State.RUNNING


def test_teams_take_turns(store: Store, clock: Clock) -> None:
    for team in ("Ada", "Ada", "Ada", "Bob", "Carol", "Bob"):
        send(store, team)
    order = []
    while job := store.claim("grader", 60.0):
        clock.go(seconds=1)
        order.append(job.team)
        store.record(job, scored())
    assert order == ["Ada", "Bob", "Carol", "Ada", "Bob", "Ada"]


def test_who_has_less_running_goes_first(store: Store, clock: Clock) -> None:
    send(store, "Ada")
    take(store)
    clock.go(hours=1)
    send(store, "Bob")
    judge(store)
    send(store, "Ada")
    send(store, "Bob")
    assert take(store).team == "Bob"


def test_places_in_the_queue_are_those_of_the_claims(store: Store, clock: Clock) -> None:
    for team in ("Ada", "Ada", "Ada", "Bob", "Bob", "Carol"):
        send(store, team)
        send(store, team, run_kind=RunKind.TRAIN)
    assert take(store).team == "Ada"
    ahead = {one.ref: one.place.ahead for one in store.submissions("denoising") if one.place is not None}
    claimed = []
    while job := store.claim("grader", 60.0):
        clock.go(seconds=1)
        claimed.append(job.ref)
    assert sorted(ahead, key=ahead.__getitem__) == claimed
    assert store.queue_place(claimed[0]) is None


def test_trainings_wait_for_what_is_short_but_not_for_ever(store: Store, clock: Clock) -> None:
    training = send(store, "Ada", run_kind=RunKind.TRAIN)
    clock.go(minutes=9)
    short = send(store, "Bob")
    assert take(store).ref == short.ref
    send(store, "Carol")
    clock.go(minutes=2)
    assert take(store).ref == training.ref


def test_a_start_is_estimated_from_how_long_the_last_ones_took(store: Store, clock: Clock) -> None:
    refs = [send(store, team).ref for team in ("Ada", "Bob", "Carol", "Dora")]
    assert store.queue_place(refs[3]) == Place(3), "no grader is at work"
    job = take(store)
    clock.go(seconds=40)
    assert store.record(job, scored())
    take(store)
    clock.go(seconds=10)
    assert store.queue_place(refs[2]) == Place(0, 30.0)
    assert store.queue_place(refs[3]) == Place(1, 70.0)
    take(store)
    assert store.queue_place(refs[3]) == Place(0, 30.0)


def test_renewing_keeps_a_lease(store: Store, clock: Clock) -> None:
    send(store)
    job = take(store)
    clock.go(seconds=50)
    assert store.renew(job)
    clock.go(seconds=50)
    assert store.sweep() == 0
    clock.go(seconds=11)
    assert store.sweep() == 1
    assert not store.renew(job)


def test_a_lost_lease_goes_back_to_the_queue_and_its_holder_records_nothing(
    store: Store, clock: Clock
) -> None:
    receipt = send(store)
    lost = take(store, "slow")
    clock.go(seconds=61)
    assert store.sweep() == 1
    assert store.submission(receipt.ref).state is State.QUEUED
    assert not store.record(lost, scored(99.0))
    mine = take(store, "quick")
    assert mine.attempt == 2
    assert not store.record(lost, scored(99.0))
    assert store.record(mine, scored(19.0))
    assert not store.record(lost, scored(99.0))
    assert told(store) == [("Ada", 19.0)]


def test_a_late_report_counts_while_nobody_has_noticed(store: Store, clock: Clock) -> None:
    send(store)
    job = take(store)
    clock.go(hours=1)
    assert store.record(job, scored())


def test_three_lost_leases_park_a_submission(store: Store, clock: Clock) -> None:
    receipt = send(store)
    for _ in range(3):
        take(store)
        clock.go(seconds=61)
        store.sweep()
    found = store.submission(receipt.ref)
    assert (found.state, found.attempts) == (State.GRADER_ERROR, 3)
    assert found.judging is not None
    assert "gave no sign of life" in found.judging.fault
    assert store.claim("grader", 60.0) is None
    assert told(store) == []


def test_a_stopped_grader_gives_back_at_no_cost(store: Store) -> None:
    receipt = send(store)
    for _ in range(4):
        assert store.release(take(store))
    assert store.release(take(store), "gave it back: no worker is there any more")
    found = store.submission(receipt.ref)
    assert found.state is State.QUEUED
    assert [each.fault for each in found.timeline[-2:]] == [
        "grader was stopped",
        "grader gave it back: no worker is there any more",
    ]
    assert judge(store).attempt == 6


def test_the_timeline_of_a_submission_that_had_no_luck(store: Store, clock: Clock) -> None:
    """Lost once, broken once, then judged: each attempt with its times, its grader, and what broke."""
    ref = send(store).ref
    lost = take(store, "lab-01", seconds=10)
    clock.go(seconds=11)
    store.sweep()
    clock.go(seconds=9)
    judge(store, broke())
    clock.go(seconds=5)
    job = take(store, "lab-02")
    clock.go(seconds=30)
    store.record(job, scored())
    found = store.submission(ref).timeline
    assert [(each.number, each.holder, str(each.verdict)) for each in found] == [
        (1, lost.holder, "grader error"),
        (2, "grader", "grader error"),
        (3, "lab-02", "scored"),
    ]
    assert "gave no sign of life" in found[0].fault
    assert found[1].fault == "Traceback: our own"
    assert found[2].fault == ""
    assert found[2].began is not None
    assert (found[2].ended - found[2].began).total_seconds() == 30
    told_of_it = disclosed(store.submission(ref), revealed=False).timeline
    [shown] = told_of_it[2:]
    assert (shown.holder, shown.fault, shown.ended) == ("", "", found[2].ended.replace(microsecond=0))
    assert all(not each.holder + each.fault for each in told_of_it)
