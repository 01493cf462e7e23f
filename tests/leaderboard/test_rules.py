"""What a course demands, each rule just before, at and just after its edge: the same on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from grader.errors import HeldoutError, UnknownAssignment
from grader.rules import Counts
from grader.spec import Assignment, RunKind
from leaderboard.boards import Board
from leaderboard.reading import board
from leaderboard.records import Quota, State, Student, TeamKind
from leaderboard.store import Store
from tests.leaderboard.cases import (
    ADA,
    BOB,
    assignment,
    broke,
    failed,
    judge,
    scored,
    send,
    take,
    told,
)
from tests.leaderboard.conftest import START, Clock

MOMENT = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def quota(store: Store, under: Assignment, team: str = "Ada") -> Quota:
    return store.quota(team, Board(under, RunKind.EVALUATE))


def refused(store: Store, under: Assignment, says: str, team: str = "Ada") -> str:
    """Refused, and nothing was written; returns what to do."""
    before = store.counts(), store.decisions.events()
    with pytest.raises(HeldoutError, match=f"not received: .*{says}") as caught:
        send(store, team, under=under)
    assert (store.counts(), store.decisions.events()) == before
    return f"{caught.value.expected}; {caught.value.next_step}"


# ---------------------------------------------------------------- times


def test_it_opens_when_it_says(store: Store, clock: Clock) -> None:
    store.ensure_team("Ada", TeamKind.STUDENT)
    under = assignment(opens=START + HOUR)
    clock.now = START + HOUR - MOMENT
    assert "from Mon, 16 Nov 2026 10:00:00 UTC on" in refused(store, under, "not open yet")
    clock.now = START + HOUR
    assert not send(store, under=under).late


def test_the_deadline_is_checked_at_receipt_whenever_it_runs(store: Store, clock: Clock) -> None:
    under = assignment(deadline=START + HOUR)
    clock.now = START + HOUR
    receipt = send(store, under=under)
    assert not receipt.late
    clock.now = START + HOUR + MOMENT
    assert "ask your instructor for an extension" in refused(store, under, "closed")
    clock.go(days=3)
    judge(store, scored(19.0))
    assert told(store, under=under) == [("Ada", 19.0)]


def test_late_ones_are_scored_and_not_ranked(store: Store, clock: Clock) -> None:
    under = assignment(deadline=START, late_until=START + HOUR)
    in_time = send(store, under=under)
    judge(store, scored(17.0))
    clock.now = START + HOUR
    late = send(store, under=under)
    judge(store, scored(19.0))
    assert (in_time.late, late.late) == (False, True)
    assert store.submission(late.ref).state is State.SCORED
    assert told(store, under=under) == [("Ada", 17.0)]
    assert board(store, under, private=True)[0].ref == in_time.ref
    clock.now += MOMENT
    refused(store, under, "closed")


@pytest.mark.parametrize("how", ["granted", "configured"])
def test_an_extension_of_one_is_the_teams(store: Store, clock: Clock, how: str) -> None:
    store.import_roster([replace(ADA, team="Engines"), replace(BOB, team="Engines"), CAROL])
    until = START + 2 * HOUR
    under = assignment(deadline=START, extensions={"ADA": until} if how == "configured" else {})
    if how == "granted":
        assert store.decisions.extend(under, "ada", until) is None
    clock.now = until
    assert not send(store, "Engines", under=under).late
    assert quota(store, under, "Engines").deadline == until
    assert quota(store, under, "Carol").deadline == START
    refused(store, under, "closed", "Carol")
    judge(store, scored(19.0))
    assert told(store, under=under) == [("Engines", 19.0)]
    clock.now += MOMENT
    refused(store, under, "closed", "Engines")


CAROL = Student("Carol", "carol@example.org", "carol", "Carol")


def test_an_extension_ranks_what_was_late_and_taken_back_it_does_no_more(store: Store, clock: Clock) -> None:
    store.import_roster([ADA])
    under = assignment(deadline=START, late_until=START + 5 * HOUR)
    clock.go(hours=1)
    send(store, ADA.team, under=under)
    judge(store)
    assert told(store, under=under) == []
    store.decisions.extend(under, "Ada", START + 2 * HOUR)
    assert told(store, under=under) == [(ADA.team, 19.0)]
    assert store.decisions.extend(under, "ada", None) == START + 2 * HOUR
    assert told(store, under=under) == []


def test_shipped_solutions_are_under_no_rules(store: Store, clock: Clock) -> None:
    store.ensure_team("wiener (baseline)", TeamKind.BASELINE)
    under = assignment(opens=START - DAY, deadline=START - HOUR, daily=1, total=1, pending=1)
    for _ in range(3):
        receipt = send(store, "wiener (baseline)", under=under)
        assert (receipt.late, receipt.left) == (False, None)
        judge(store, scored(17.0))
    assert told(store, under=under) == [("wiener (baseline)", 17.0)]


# ---------------------------------------------------------------- numbers


def test_so_many_a_day_of_utc(store: Store, clock: Clock) -> None:
    under = assignment(daily=2, pending=None)
    clock.now = datetime.fromisoformat("2026-11-16T23:59:59.999999+00:00")
    assert [send(store, under=under).left for _ in range(2)] == [1, 0]
    assert "the next day begins at Tue, 17 Nov 2026 00:00:00 UTC" in refused(store, under, "today's 2")
    assert send(store, "Bob", under=under).left == 1, "a limit of each team"
    assert send(store, run_kind=RunKind.TRAIN, under=under).left == 1, "and of each board"
    clock.now += MOMENT
    assert send(store, under=under).left == 1


def test_so_many_in_all(store: Store, clock: Clock) -> None:
    under = assignment(daily=None, total=3, pending=None)
    for left in (2, 1, 0):
        assert send(store, under=under).left == left
        clock.go(days=1)
    refused(store, under, "all 3 submissions have been used")


def test_the_tighter_of_two_limits_is_told(store: Store) -> None:
    under = assignment(daily=5, total=6, pending=None)
    assert [send(store, under=under).left for _ in range(5)] == [4, 3, 2, 1, 0]
    assert quota(store, under).left == 0


def test_so_many_at_a_time(store: Store) -> None:
    under = assignment(pending=2, daily=None)
    send(store, under=under)
    send(store, under=under)
    take(store)
    assert "heldout withdraw REF" in refused(store, under, "2 of your submissions are waiting")
    assert store.quota("Ada", Board(under, RunKind.EVALUATE)).pending == 2
    judge(store)
    send(store, under=under)


def test_a_rest_after_what_was_scored(store: Store, clock: Clock) -> None:
    under = assignment(cooldown_seconds=60.0)
    send(store, under=under)
    clock.go(seconds=100)
    judge(store)
    clock.go(seconds=60)
    clock.now -= MOMENT
    assert "from Mon, 16 Nov 2026 09:02:40 UTC on" in refused(store, under, "scored just now")
    clock.now += MOMENT
    send(store, under=under)
    judge(store, failed())
    send(store, under=under)


@pytest.mark.parametrize(
    ("ends", "costs"),
    [
        (lambda store, ref: judge(store, failed()), 1),
        (lambda store, ref: judge(store, scored()), 1),
        (lambda store, ref: [judge(store, broke()) for _ in range(3)], 0),
        (lambda store, ref: store.decisions.withdraw(ref, assignment()), 0),
        (lambda store, ref: judge(store) and store.decisions.withdraw(ref, assignment()), 1),
    ],
    ids=["failed", "scored", "grader error", "cancelled", "withdrawn once scored"],
)
def test_what_an_attempt_costs(store: Store, ends: Callable[[Store, int], Any], costs: int) -> None:
    under = assignment(daily=2, total=9)
    ref = send(store, under=under).ref
    ends(store, ref)
    found = quota(store, under)
    assert (found.today, found.used, found.left, found.pending) == (costs, costs, 2 - costs, 0)


def test_duplicates_cost_nothing_even_when_nothing_is_left_or_all_is_over(store: Store, clock: Clock) -> None:
    under = assignment(daily=1, pending=1, deadline=START + HOUR)
    first = send(store, content="same", under=under)
    again = send(store, content="same", under=under)
    assert (again.ref, again.duplicate, again.left) == (first.ref, True, 0)
    clock.go(days=3)
    assert send(store, content="same", under=under).ref == first.ref


def test_cancelling_and_bringing_back_gives_no_more_than_the_rules(store: Store, clock: Clock) -> None:
    under = assignment(daily=2, pending=2)
    cancelled = []
    for _ in range(3):
        cancelled.append(send(store, under=under).ref)
        store.decisions.withdraw(cancelled[-1], under)
    send(store, under=under)
    store.decisions.withdraw(cancelled[0], under, undo=True)
    with pytest.raises(HeldoutError, match="2 of your submissions are waiting"):
        store.decisions.withdraw(cancelled[1], under, undo=True)
    judge(store)
    judge(store)
    clock.go(days=1)
    with pytest.raises(HeldoutError, match="today's 2 submissions have been used"):
        store.decisions.withdraw(cancelled[1], under, undo=True)
    assert store.submission(cancelled[1]).state is State.CANCELLED
    assert quota(store, under).left == 2, "that was yesterday's"


# ---------------------------------------------------------------- a rule that changes


def rows(store: Store, under: Assignment, **which: Any) -> list[tuple[str, int, float]]:
    return [(row.team, row.rank, row.score) for row in board(store, under, **which)]


def course_of_three(store: Store, clock: Clock) -> None:
    """Ada 17 in time and 19 late, Bob 18 in time, an hour between any two."""
    for team, value, private in (("Ada", 17.0, 17.0), ("Bob", 18.0, 18.0), ("Ada", 19.0, 16.0)):
        clock.go(hours=1)
        send(store, team)
        judge(store, scored(value, private=private))


def test_a_changed_rule_is_shown_by_a_preview_and_then_by_the_board(store: Store, clock: Clock) -> None:
    course_of_three(store, clock)
    before, after = assignment(), assignment(deadline=START + 2 * HOUR)
    assert rows(store, before) == [("Ada", 1, 19.0), ("Bob", 2, 18.0)]
    clock.go(hours=1)
    shown = clock.now
    for _ in range(2):
        old, new = store.preview(Board(after, RunKind.EVALUATE))
        assert {one.team: one.score for one in old.standings} == {"Ada": 19.0, "Bob": 18.0}
        assert {one.team: one.score for one in new.standings} == {"Ada": 17.0, "Bob": 18.0}
    assert rows(store, before) == [("Ada", 1, 19.0), ("Bob", 2, 18.0)], "a preview changes nothing"
    clock.go(hours=1)
    assert rows(store, after) == [("Bob", 1, 18.0), ("Ada", 2, 17.0)]
    assert [row.change for row in board(store, after, since=shown)] == ["↑1", "↓1"]
    assert rows(store, after, at=shown) == [("Ada", 1, 19.0), ("Bob", 2, 18.0)], "what was told then"
    clock.go(hours=1)
    assert rows(store, before) == [("Ada", 1, 19.0), ("Bob", 2, 18.0)], "and back"


def test_under_the_same_rules_nobody_moves_though_ties_were_not_looked_for(store: Store) -> None:
    for team, value in (("Ada", 17.0), ("Bob", 18.0)):
        send(store, team)
        judge(store, scored(value))
    before, after = store.preview(Board(assignment(), RunKind.EVALUATE))
    assert before == after


@pytest.mark.parametrize(
    ("counts", "private"),
    [(Counts.BEST, 16.0), (Counts.LAST, 16.0), (Counts.SELECTED, 17.0)],
)
def test_which_of_them_counts_in_the_end(store: Store, clock: Clock, counts: Counts, private: float) -> None:
    course_of_three(store, clock)
    store.decisions.select([1], assignment(counts="selected"))
    under = assignment(counts=counts)
    assert dict(told(store, under=under, private=True)) == {"Ada": private, "Bob": 18.0}
    assert told(store, under=under) == [("Ada", 19.0), ("Bob", 18.0)], "the public board has the best"


def test_the_last_counts_even_where_it_is_worse_or_withheld(store: Store, clock: Clock) -> None:
    under = assignment(counts="last")
    for value in (19.0, 18.0):
        clock.go(hours=1)
        send(store)
        judge(store, scored(value, private=value))
    assert told(store, under=under, private=True) == [("Ada", 18.0)]
    store.decisions.withdraw(2, under)
    assert told(store, under=under, private=True) == [("Ada", 19.0)]


# ---------------------------------------------------------------- freeze and reveal


def test_a_frozen_board_stands_still_until_it_is_revealed(store: Store, clock: Clock) -> None:
    under = assignment(freeze=START + HOUR, reveal=START + 5 * HOUR)
    which = Board(under, RunKind.EVALUATE)
    send(store)
    judge(store, scored(17.0, private=16.0))
    clock.now = START + HOUR - MOMENT
    assert store.frozen_at(which) is None
    clock.now = START + HOUR
    assert store.frozen_at(which) == clock.now
    clock.go(hours=1)
    send(store)
    judge(store, scored(19.0, private=18.0))
    assert told(store, under=under) == [("Ada", 17.0)]
    assert told(store, under=under, at=clock.now) == [("Ada", 17.0)], "no way around it"
    assert told(store, under=under, live=True) == [("Ada", 19.0)]
    assert told(store, under=under, private=True) == [("Ada", 18.0)]
    assert board(store, under)[0].entries == 1
    clock.now = START + 5 * HOUR - MOMENT
    assert not store.is_revealed(which)
    clock.now += MOMENT
    assert store.is_revealed(which)
    assert told(store, under=under) == [("Ada", 19.0)]


def test_revealed_by_hand_and_hidden_again(store: Store, clock: Clock) -> None:
    under = assignment(freeze=START)
    which = Board(under, RunKind.TRAIN)
    assert (store.is_revealed(which), store.frozen_at(which)) == (False, START)
    store.decisions.reveal(under)
    assert (store.is_revealed(which), store.frozen_at(which)) == (True, None)
    store.decisions.reveal(under, undo=True)
    assert (store.is_revealed(which), store.frozen_at(which)) == (False, START)


def test_a_changed_rule_is_in_the_audit_log(store: Store) -> None:
    send(store)
    judge(store, scored(19.0))
    told(store, under=assignment())
    before = len(store.decisions.events())
    told(store, under=assignment(daily=7))
    found = [event for event in store.decisions.events()[before:] if event.action == "rules changed"]
    assert {event.detail["board"]: event.detail.get("daily") for event in found} == {"evaluate": 7}


def test_nothing_is_revealed_by_hand_while_some_may_submit(store: Store, clock: Clock) -> None:
    under = assignment(deadline=START + HOUR, late_until=START + 2 * HOUR)
    clock.now = START + 2 * HOUR - MOMENT
    with pytest.raises(HeldoutError, match="some may still submit"):
        store.decisions.reveal(under)
    assert not store.is_revealed(Board(under, RunKind.EVALUATE))
    clock.now = START + 2 * HOUR
    store.decisions.reveal(under)
    assert store.is_revealed(Board(under, RunKind.EVALUATE))


def test_a_board_whose_assignment_left_the_course_stops_nobody(url: str, clock: Clock) -> None:
    def gone(slug: str) -> Assignment:
        raise UnknownAssignment(f"this course has no assignment {slug!r}")

    with Store.open(url, clock=clock) as store:
        send(store)
        judge(store, scored(19.0))
    with Store.open(url, clock=clock, assignments=gone) as store:
        store.refresh_all()
