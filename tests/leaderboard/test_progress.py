"""What gradings tell while they run, who grades, and what is counted."""

from dataclasses import replace

import pytest

from grader.report import Verdict
from leaderboard.activity import Judged, Progress
from leaderboard.records import State
from leaderboard.store import Store
from tests.leaderboard.cases import TRAINING, assignment, broke, failed, judge, scored, send, take
from tests.leaderboard.conftest import Clock


def told(store: Store, ref: int) -> Progress | None:
    [listed] = [one for one in store.submissions("denoising") if one.ref == ref]
    found = store.submission(ref).progress
    assert listed.progress == found
    return found


def test_a_grading_tells_what_it_does(store: Store, clock: Clock) -> None:
    send(store)
    job = take(store)
    assert told(store, job.ref) is None
    assert store.tell(job, "training", 3, 120, "step 20\n")
    clock.go(seconds=1)
    assert store.tell(job, "training", 4, 120, "step 20\nstep 40\n")
    assert told(store, job.ref) == Progress("training", 4, 120, "step 20\nstep 40\n", clock.now)


@pytest.mark.parametrize("verdict", [scored, failed, broke])
def test_once_it_is_judged_there_is_nothing_to_tell(store: Store, verdict: object) -> None:
    assert callable(verdict)
    send(store)
    job = take(store)
    store.tell(job, "training", 3, 120)
    store.record(job, verdict())
    assert not store.tell(job, "training", 4, 120)
    assert told(store, job.ref) is None
    if store.submission(job.ref).state is State.QUEUED:
        assert told(store, take(store).ref) is None


def test_only_who_holds_the_lease_may_tell(store: Store, clock: Clock) -> None:
    send(store)
    first = take(store, "slow", seconds=10)
    store.tell(first, "training", 1, 2)
    clock.go(seconds=11)
    store.sweep()
    assert not store.tell(first, "training", 2, 2)
    second = take(store, "fast")
    assert not store.tell(first, "training", 2, 2, "from beyond")
    assert not store.tell(replace(second, holder="eve"), "training", 2, 2)
    assert told(store, first.ref) is None
    assert store.tell(second, "public check", 0, 0)
    store.release(second)
    assert told(store, first.ref) is None


def test_what_is_judged_again_tells_nobody(store: Store) -> None:
    send(store)
    ref = judge(store).ref
    store.regrades.begin(assignment(), [ref], reason="again")
    job = take(store)
    assert job.regrade is not None
    assert not store.tell(job, "training", 1, 2)
    assert told(store, ref) is None


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("", ""),
        ("x" * 5000, "x" * 4096),
        ("begin\n" + "ä" * 2047, "ä" * 2047),
        ("ä" * 5000, "ä" * 2048),
        ("a\x00b\ud800", "a\ufffdb?"),
        ("first\n" * 1000, "first\n" * 682),
    ],
)
def test_of_what_was_printed_the_end_is_kept(store: Store, printed: str, kept: str) -> None:
    send(store)
    job = take(store)
    store.tell(job, "p" * 500, 0, 0, printed)
    found = told(store, job.ref)
    assert found is not None
    assert (found.phase, found.tail) == ("p" * 100, kept)


# ---------------------------------------------------------------- who grades


def test_graders_are_known_for_a_minute(store: Store, clock: Clock) -> None:
    store.seen("b:1", {"local": 2})
    store.seen("a:1", {"local": 1})
    for _ in range(2):
        send(store)
    refs = tuple(take(store, "b:1").ref for _ in range(2))
    assert [(one.holder, one.slots, one.running) for one in store.graders()] == [
        ("a:1", 1, ()),
        ("b:1", 2, refs),
    ]
    clock.go(seconds=50)
    store.seen("b:1", {"local": 3})
    clock.go(seconds=20)
    assert [(one.holder, one.slots) for one in store.graders()] == [("b:1", 3)]
    clock.go(days=2)
    assert store.graders() == []


def test_who_judges_again_is_at_work_as_well(store: Store) -> None:
    send(store)
    ref = judge(store).ref
    store.regrades.begin(assignment(), [ref], reason="again")
    store.seen("a:1", {"local": 1})
    take(store, "a:1")
    assert store.graders()[0].running == (ref,)


# ---------------------------------------------------------------- metrics


def test_the_queue_in_numbers(store: Store, clock: Clock) -> None:
    assert (store.tally().oldest_seconds, store.tally().graders) == (None, ())
    for _ in range(3):
        send(store)
        clock.go(seconds=5)
    judge(store)
    found = store.tally()
    assert found.oldest_seconds == 10.0
    assert {state: count for state, count in found.counts.items() if count} == {"queued": 2, "scored": 1}


def test_judgings_are_counted_once(store: Store, clock: Clock) -> None:
    begin, nothing = store.judged_since()
    assert (begin, nothing) == (0, [])
    send(store)
    clock.go(seconds=7)
    job = take(store)
    clock.go(seconds=40)
    store.record(job, replace(scored(), training=TRAINING))
    last, [first] = store.judged_since(begin)
    assert first == Judged(
        judging_id=last,
        assignment="denoising",
        run_kind=job.run_kind,
        verdict=Verdict.SCORED,
        killed="memory",
        waiting_seconds=7.0,
        training_seconds=230.0,
        answering_seconds=1.5,
        total_seconds=40.0,
    )
    assert store.judged_since(last) == (last, [])
    assert store.judged_since() == (last, [])
    send(store)
    judge(store, broke())
    clock.go(seconds=100)
    judge(store, failed())
    newest, found = store.judged_since(last)
    assert [(one.verdict, one.waiting_seconds) for one in found] == [
        (Verdict.GRADER_ERROR, 0.0),
        (Verdict.FAILED, None),  # not the second attempt's
    ]
    assert newest == found[-1].judging_id
