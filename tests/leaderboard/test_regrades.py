"""Judging again as a set: looked at, then applied or cancelled; no board is ever half of each."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from grader.errors import HeldoutError
from grader.report import Report
from grader.spec import RunKind
from leaderboard import snapshots
from leaderboard.boards import Board
from leaderboard.ranking import rank
from leaderboard.reading import board
from leaderboard.records import Place, Snapshot, State
from leaderboard.store import Store
from tests.leaderboard.cases import assignment, broke, failed, judge, probed, scored, send, take, told
from tests.leaderboard.conftest import START, Clock

COURSE = assignment()
BOARD = Board(COURSE, RunKind.EVALUATE)
OLD = {"Ada": 17.0, "Bob": 18.0, "Carol": 19.0}
NEW = {"Ada": 20.0, "Bob": 18.5, "Carol": 16.0}


@pytest.fixture
def course(url: str, clock: Clock) -> Iterator[Store]:
    with Store.open(url, clock=clock, assignments=lambda slug: COURSE) as store:
        for team, value in OLD.items():
            send(store, team)
            judge(store, scored(value, private=value))
            clock.go(minutes=1)
        yield store


def begin(store: Store, *refs: int, **how: Any) -> None:
    store.regrades.begin(COURSE, refs, reason="the noise was wrong", **how)


def judge_again(store: Store, values: dict[str, float] | None = None) -> None:
    while job := store.claim("grader", 60.0):
        value = (values or NEW)[job.team]
        assert store.record(job, scored(value, private=value))


def ranks(seen: Snapshot) -> dict[str, int]:
    return {row.team: row.rank for row in rank(seen, COURSE.metric, tier_of=COURSE.tier_of)}


# ---------------------------------------------------------------- its way


def test_a_set_is_looked_at_then_applied(course: Store, clock: Clock) -> None:
    begin(course)
    clock.go(minutes=1)
    before = board(course, COURSE)
    judge_again(course)
    assert board(course, COURSE) == before, "nothing is shown yet"
    for _ in range(2):
        old, new = course.regrades.preview(BOARD)
        assert (ranks(old), ranks(new)) == (
            {"Carol": 1, "Bob": 2, "Ada": 3},
            {"Ada": 1, "Bob": 2, "Carol": 3},
        )
        assert {one.team: one.score for one in new.standings} == NEW
    assert board(course, COURSE) == before, "a preview changes nothing"
    told_then = clock.now
    clock.go(minutes=1)
    applied = course.regrades.apply(COURSE)
    assert (applied.state, applied.submissions, applied.waiting, applied.broken) == ("applied", 3, 0, 0)
    assert dict(told(course)) == dict(told(course, private=True)) == NEW
    assert told(course, at=told_then) == [("Carol", 19.0), ("Bob", 18.0), ("Ada", 17.0)]
    assert [event.action for event in course.decisions.events()][-2:] == ["regrade begun", "regrade applied"]


def test_a_cancelled_set_leaves_no_trace_on_a_board(course: Store) -> None:
    before = board(course, COURSE)
    begin(course)
    judge_again(course)
    assert course.regrades.cancel("denoising").state == "cancelled"
    assert board(course, COURSE) == before
    assert course.decisions.events()[-1].action == "regrade cancelled"
    begin(course)
    judge_again(course)
    course.regrades.apply(COURSE)
    assert dict(told(course)) == NEW


def test_old_judgings_are_kept(course: Store) -> None:
    begin(course)
    judge_again(course)
    course.regrades.apply(COURSE)
    begin(course)
    judge_again(course, OLD)
    course.regrades.apply(COURSE)
    assert dict(told(course)) == OLD
    found = course.submission(1)
    assert found.attempts == 3
    assert found.judging is not None
    assert (found.judging.attempt, found.received_at) == (3, START)


def test_what_is_refused_changes_nothing(course: Store) -> None:
    send(course)
    refused: list[tuple[Any, str]] = [
        (lambda: begin(course, 99), "#99 is no judged submission"),
        (lambda: begin(course, 4), "#4 is no judged submission"),
        (lambda: course.regrades.begin(COURSE, reason="x" * 10_000), "the reason has 10,000 characters"),
        (lambda: course.regrades.cancel("denoising"), "no regrade of denoising is open"),
    ]
    for act, says in refused:
        with pytest.raises(HeldoutError, match=says):
            act()
    begin(course)
    before = course.regrades.current("denoising"), course.decisions.events()
    assert before[1][-2].action != "regrade begun"
    for act, says in (
        (lambda: begin(course), "is open"),
        (lambda: course.regrades.apply(COURSE), "3 of 3 submissions are not judged yet"),
        (lambda: course.regrades.preview(BOARD), "3 of 3 submissions are not judged yet"),
        (lambda: course.regrades.current("vae"), "no regrade of vae is open"),
    ):
        with pytest.raises(HeldoutError, match=says):
            act()
        assert (course.regrades.current("denoising"), course.decisions.events()) == before


def test_what_is_in_a_set(course: Store, clock: Clock) -> None:
    """By default what was released, is selected, or is a team's latest."""
    values = np.random.default_rng(0).normal(20, 1, 64)
    for _ in range(4):
        send(course, "Dora")
        judge(course, probed(values))
    send(course, "Dora")
    judge(course, failed())
    course.decisions.select([5], COURSE)
    for how, count in (({}, 6), ({"everything": True}, 8), ({"refs": [6, 1, 1]}, 2)):
        assert course.regrades.begin(COURSE, **how).submissions == count
        course.regrades.cancel("denoising")


# ---------------------------------------------------------------- readers, graders, faults


def test_a_reader_meanwhile_sees_one_board_whole(
    course: Store, url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Applied between a reader's two queries: its ties are those of the scores that it has read."""
    board(course, COURSE)
    begin(course)
    judge_again(course)
    applied: list[bool] = []
    edges = snapshots._edges

    def interrupted(*arguments: Any) -> Any:
        if not applied:
            applied.append(True)
            with Store.open(url, clock=clock, assignments=lambda slug: COURSE) as other:
                other.regrades.apply(COURSE)
                other.refresh(BOARD)
        return edges(*arguments)

    clock.go(minutes=1)
    monkeypatch.setattr(snapshots, "_edges", interrupted)
    seen = board(course, COURSE)
    assert [(row.team, row.rank, row.score) for row in seen] == [
        ("Carol", 1, 19.0), ("Bob", 2, 18.0), ("Ada", 3, 17.0),
    ]  # fmt: skip
    assert [row.team for row in board(course, COURSE)] == ["Ada", "Bob", "Carol"]


def test_what_students_wait_for_goes_first(course: Store) -> None:
    begin(course)
    assert take(course).regrade is not None
    send(course, "Dora")
    assert (take(course).regrade, take(course).regrade) == (None, 1)


def test_a_grader_that_judges_again_is_at_work(course: Store, clock: Clock) -> None:
    send(course, "Dora")
    job = take(course)
    clock.go(seconds=40)
    assert course.record(job, scored()), "the others took no time: 10 s are usual"
    begin(course)
    take(course)
    ref = send(course, "Dora").ref
    clock.go(seconds=4)
    assert course.queue_place(ref) == Place(0, 6.0)
    assert course.regrades.cancel("denoising").state == "cancelled"
    assert course.queue_place(ref) == Place(0, 6.0), "it is still at it"


def test_what_breaks_on_our_side_keeps_what_it_has(course: Store) -> None:
    begin(course)
    for _ in range(3 * 3):
        job = take(course)
        assert course.record(job, broke() if job.team == "Ada" else scored(20.0))
        if job.team != "Ada" and course.regrades.current("denoising").waiting == 0:
            break
    found = course.regrades.current("denoising")
    assert (found.waiting, found.broken) == (0, 1)
    assert course.claim("grader", 60.0) is None
    course.regrades.apply(COURSE)
    assert dict(told(course)) == {"Ada": 17.0, "Bob": 20.0, "Carol": 20.0}
    assert course.submission(1).state is State.SCORED


def test_what_was_parked_comes_back(course: Store) -> None:
    ref = send(course, "Dora").ref
    for _ in range(3):
        judge(course, broke())
    assert course.submission(ref).state is State.GRADER_ERROR
    begin(course, ref)
    judge_again(course, {"Dora": 21.0})
    course.regrades.apply(COURSE)
    assert course.submission(ref).state is State.SCORED
    assert told(course)[0] == ("Dora", 21.0)


def test_a_scored_one_may_fail_and_a_failed_one_be_scored(course: Store) -> None:
    ref = send(course, "Dora").ref
    judge(course, failed())
    begin(course, 1, ref)
    judge(course, failed())
    judge(course, scored(18.2))
    course.regrades.apply(COURSE)
    assert (course.submission(1).state, course.submission(ref).state) == (State.FAILED, State.SCORED)
    assert dict(told(course)) == {"Carol": 19.0, "Dora": 18.2, "Bob": 18.0}


def test_a_killed_graders_share_comes_back(course: Store, clock: Clock) -> None:
    begin(course)
    lost = take(course, "killed")
    clock.go(seconds=61)
    assert course.sweep() == 1
    assert not course.renew(lost)
    again = take(course, "other")
    assert (again.ref, again.attempt) == (lost.ref, lost.attempt + 1)
    assert not course.record(lost, scored(99.0))
    assert course.renew(again)
    assert course.record(again, scored(20.0))
    assert course.record(again, scored(20.0)), "the same again"
    stopped = take(course)
    assert course.release(stopped)
    assert take(course).ref == stopped.ref


def test_what_is_recorded_after_a_set_was_cancelled_counts_for_nothing(course: Store) -> None:
    begin(course)
    job = take(course)
    course.regrades.cancel("denoising")
    course.record(job, scored(99.0))
    assert dict(told(course)) == OLD
    assert course.claim("grader", 60.0) is None


def test_a_disqualified_or_withdrawn_one_is_judged_again_and_stays_off(course: Store) -> None:
    course.decisions.disqualify(COURSE, "Ada", "copied")
    course.decisions.withdraw(2, COURSE)
    begin(course)
    judge_again(course)
    course.regrades.apply(COURSE)
    assert told(course) == [("Carol", 16.0)]
    course.decisions.reinstate(COURSE, "Ada")
    course.decisions.withdraw(2, COURSE, undo=True)
    assert dict(told(course)) == NEW


# ---------------------------------------------------------------- the Ladder


VALUES = np.random.default_rng(0).normal(20, 1, 64).astype(np.float32)


def climbing(store: Store, *steps: float) -> list[bool]:
    """Submissions of one team, better by so much than `VALUES`: whether each was released."""
    refs = [send(store, "Dora").ref for _ in steps]
    for step in steps:
        judge(store, probed(VALUES + np.float32(step)))
    return [store.submission(ref).released for ref in refs]


def again(store: Store, reports: dict[int, Report]) -> None:
    while job := store.claim("grader", 60.0):
        assert store.record(job, reports[job.ref])


def test_a_score_that_was_too_good_needn_t_be_beaten_once_it_is_corrected(course: Store) -> None:
    assert climbing(course, 0.0, 5.0) == [True, True]
    begin(course, 5)
    again(course, {5: probed(VALUES + 1)})
    course.regrades.apply(COURSE)
    assert climbing(course, 0.5, 2.0) == [False, True]


def test_what_was_not_judged_again_has_to_be_beaten_too(course: Store) -> None:
    assert climbing(course, 1.0, 5.0) == [True, True]
    begin(course, 5)
    again(course, {5: probed(VALUES - 1)})
    course.regrades.apply(COURSE)
    assert told(course)[0] == ("Dora", round(float((VALUES + 1).mean()), 6))
    assert climbing(course, 0.5, 2.0) == [False, True]


def test_what_was_on_show_stays_and_what_is_new_has_to_climb(course: Store) -> None:
    assert climbing(course, 1.0, 0.9) == [True, False]
    ref = send(course, "Dora").ref
    judge(course, failed())
    begin(course, 4, 5, ref)
    again(course, {4: probed(VALUES + 1), 5: probed(VALUES + 2), ref: probed(VALUES + 0.5)})
    course.regrades.apply(COURSE)
    assert [course.submission(number).released for number in (4, 5, ref)] == [True, False, False]


# ---------------------------------------------------------------- data versions


def on(version: int, value: float) -> Report:
    return replace(scored(value, private=value), data_sha256=str(version) * 64)


def test_a_job_says_on_which_data_and_live_ones_follow_the_applied_set(course: Store) -> None:
    begin(course, everything=True, data_version=2)
    send(course, "Dora")
    live = take(course)
    assert (live.regrade, live.data_version) == (None, 1)
    assert course.record(live, on(1, 15.0))
    assert course.regrades.current("denoising").submissions == 4, "what comes in joins the set"
    while job := course.claim("grader", 60.0):
        assert job.data_version == 2
        assert course.record(job, on(2, 10.0 + job.ref))
    assert course.regrades.data_version("denoising") == 1
    course.regrades.apply(COURSE)
    assert course.regrades.data_version("denoising") == 2
    assert course.regrades.data_version("vae") == 1
    assert told(course) == [("Dora", 14.0), ("Carol", 13.0), ("Bob", 12.0), ("Ada", 11.0)]
    send(course, "Eve")
    assert take(course).data_version == 2


def test_what_was_judged_on_the_data_of_before_is_judged_again(course: Store) -> None:
    begin(course, everything=True, data_version=2)
    judge_again(course)
    ref = send(course, "Dora").ref
    early = take(course)
    course.regrades.apply(COURSE)
    assert course.record(early, on(1, 99.0))
    assert course.submission(ref).state is State.QUEUED
    late = take(course)
    assert (late.ref, late.data_version) == (ref, 2)
    assert course.record(late, on(2, 15.0))
    assert told(course)[-1] == ("Dora", 15.0)


def test_a_cancelled_set_leaves_the_data_as_they_are(course: Store) -> None:
    begin(course, data_version=2)
    course.regrades.cancel("denoising")
    send(course, "Dora")
    assert take(course).data_version == 1


def test_the_first_on_new_data_is_shown(course: Store, clock: Clock) -> None:
    assert climbing(course, 1.0) == [True]
    begin(course, everything=True, data_version=2)
    while job := course.claim("grader", 60.0):
        assert course.record(job, replace(probed(VALUES), data_sha256="2" * 64))
    course.regrades.apply(COURSE)
    clock.go(seconds=timedelta(hours=1).total_seconds())
    ref = send(course, "Dora").ref
    judge(course, replace(probed(VALUES + 0.5), data_sha256="2" * 64))
    assert course.submission(ref).released
