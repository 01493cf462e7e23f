"""Pausing the queue, sending graders home, and what was spent: on both databases."""

from dataclasses import replace

import pytest

from grader.errors import HeldoutError
from grader.report import Choice, Resources
from grader.spec import RunKind
from leaderboard.records import Place
from leaderboard.store import Store
from tests.leaderboard.cases import ADA, BOB, TRAINING, assignment, broke, judge, scored, send, take
from tests.leaderboard.conftest import Clock


def actions(store: Store) -> list[tuple[str, str]]:
    return [(event.action, event.subject) for event in store.decisions.events()]


# ---------------------------------------------------------------- pauses


@pytest.mark.parametrize("paused", ["", "denoising"])
def test_what_is_paused_is_received_and_not_graded(store: Store, clock: Clock, paused: str) -> None:
    send(store)
    running = take(store)
    store.operations.pause(paused, " the data is wrong ")
    ref = send(store).ref
    store.seen("a:1", {"local": 2})
    assert store.claim("a:1", 60.0) is None
    assert store.queue_place(ref) == Place(0, None, paused=True)
    assert store.record(running, scored()), "what ran comes to its end"
    [told] = store.tally().pauses
    assert (told.assignment, told.reason, told.at) == (paused, "the data is wrong", clock.now)
    store.operations.resume(paused)
    assert store.queue_place(ref) == Place(0, 0.0)
    assert take(store).ref == ref
    named = paused or "the whole queue"
    assert actions(store)[-2:] == [("paused", named), ("resumed", named)]


def test_one_assignments_pause_holds_no_other_up(store: Store) -> None:
    send(store)
    store.operations.pause("vae")
    assert take(store).assignment == "denoising"
    send(store)
    store.operations.pause("denoising")
    store.operations.resume("vae")
    assert store.claim("a:1", 60.0) is None


def test_what_is_judged_again_pauses_as_well(store: Store) -> None:
    send(store)
    ref = judge(store).ref
    store.regrades.begin(assignment(), [ref], reason="again")
    store.operations.pause("denoising")
    assert store.claim("a:1", 60.0) is None
    assert store.tally().regrades == 1
    store.operations.resume("denoising")
    assert take(store).regrade is not None
    assert store.tally().regrades == 0


@pytest.mark.parametrize(
    ("before", "act", "complaint"),
    [
        ("", lambda store: store.operations.pause(""), "the whole queue is paused already"),
        ("vae", lambda store: store.operations.pause("vae"), "vae is paused already"),
        ("vae", lambda store: store.operations.resume(), "the whole queue is not paused"),
        ("vae", lambda store: store.operations.pause("cnn", "x" * 1001), "the reason has 1,001 characters"),
        ("vae", lambda store: store.operations.drain("nobody:1"), "no grader at work is called 'nobody:1'"),
    ],
)
def test_what_can_not_be(store: Store, before: str, act: object, complaint: str) -> None:
    assert callable(act)
    store.operations.pause(before)
    with pytest.raises(HeldoutError, match=complaint):
        act(store)
    assert [pause.assignment for pause in store.operations.pauses()] == [before]


# ---------------------------------------------------------------- who grades


def test_who_is_sent_home_gets_nothing_more(store: Store, clock: Clock) -> None:
    for _ in range(2):
        send(store)
    assert store.seen("a:1", {"local": 2})
    running = take(store, "a:1")
    store.operations.drain("a:1")
    assert store.claim("a:1", 60.0) is None
    assert not store.seen("a:1", {"local": 2}), "it is told with its next sign of life"
    assert store.renew(running), "and ends what it began"
    assert [(one.holder, one.draining) for one in store.graders()] == [("a:1", True)]
    assert take(store, "b:1").ref != running.ref, "others go on"
    store.operations.drain("a:1", undo=True)
    assert store.seen("a:1", {"local": 2})
    assert actions(store)[-2:] == [("grader drained", "a:1"), ("grader kept", "a:1")]


def test_lanes_are_told_as_they_are_now(store: Store) -> None:
    store.seen("a:1", {"cluster cpu": 6, "cluster gpu": 2})
    store.seen("a:1", {"cluster cpu": 4, "cluster gpu": 0})
    [one] = store.graders()
    assert (one.slots, one.lanes) == (4, {"cluster cpu": 4, "cluster gpu": 0})


def test_what_is_chosen_is_claimed_where_it_can_be_graded(store: Store) -> None:
    """By assignment and kind; what nobody has named is among the others."""
    training = send(store, run_kind=RunKind.TRAIN).ref
    practice = send(store).ref
    elsewhere = send(store, slug="toy", run_kind=RunKind.TRAIN).ref
    named = frozenset({("denoising", RunKind.TRAIN), ("toy", RunKind.EVALUATE)})
    cpu, gpu, none = Choice(named), Choice(named, others=False), Choice(others=False)
    assert [store.waits(choice) for choice in (cpu, gpu, none)] == [True, True, False]
    found = [store.claim("a:1", 60.0, choice) for choice in (none, cpu, gpu, gpu, cpu, cpu)]
    assert [job and job.ref for job in found] == [None, practice, training, None, elsewhere, None]
    assert [store.waits(choice) for choice in (cpu, gpu, none)] == [False, False, False]


def test_what_is_judged_again_is_chosen_like_the_rest(store: Store) -> None:
    ref = send(store, run_kind=RunKind.TRAIN).ref
    judge(store, scored())
    store.regrades.begin(assignment(), [ref], reason="again")
    training = frozenset({("denoising", RunKind.TRAIN)})
    cpu, gpu = Choice(training), Choice(training, others=False)
    assert (store.waits(cpu), store.waits(gpu)) == (False, True)
    store.operations.pause("denoising")
    assert not store.waits(gpu), "it would not be given out"
    store.operations.resume("denoising")
    assert store.claim("a:1", 60.0, cpu) is None
    job = store.claim("a:1", 60.0, gpu)
    assert job is not None
    assert (job.ref, job.regrade) == (ref, 1)
    assert not store.waits(gpu)


# ---------------------------------------------------------------- figures


def test_the_queue_tells_when_it_will_be_empty(store: Store, clock: Clock) -> None:
    send(store)
    job = take(store)
    clock.go(seconds=40)
    store.record(job, scored())
    for _ in range(4):
        send(store)
    assert store.tally().empty_seconds is None, "nobody grades"
    store.seen("a:1", {"local": 2})
    found = store.tally()
    assert found.empty_seconds == pytest.approx(4 * 40 / 2)
    assert found.judged_hour == 1
    clock.go(minutes=61)
    assert store.tally().judged_hour == 0


def test_what_broke_is_not_counted_as_judged(store: Store) -> None:
    send(store)
    judge(store, broke())
    assert store.tally().judged_hour == 0


def test_what_each_team_spent(store: Store) -> None:
    """Answers and trainings apart; attempts that broke used processors, too."""
    resources = Resources(cpu_seconds=2.5, gpu_seconds=7.0)
    for team, count in ((ADA.team, 1), (BOB.team, 2)):
        for _ in range(count):
            send(store, team, run_kind=RunKind.TRAIN)
            judge(store, replace(scored(), resources=resources, training=TRAINING))
    send(store, ADA.team)
    judge(store, replace(broke(), resources=Resources(cpu_seconds=1.0)))
    assert [tuple(vars(one).values()) for one in store.operations.spent()] == [
        (BOB.team, 2, 5.0, 2 * TRAINING.cpu_seconds, 14.0),
        (ADA.team, 2, 3.5, TRAINING.cpu_seconds, 7.0),
    ]
    assert store.operations.spent("vae") == []
