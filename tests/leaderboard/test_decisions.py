"""What people decide: each is undone by another, noted once, and when it is refused nothing has happened."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from grader.errors import HeldoutError
from grader.spec import Assignment, RunKind
from leaderboard.boards import Board
from leaderboard.reading import board
from leaderboard.records import State, Student, TeamKind
from leaderboard.store import Store
from tests.leaderboard.cases import ADA, BOB, assignment, failed, judge, scored, send, take, told
from tests.leaderboard.conftest import START, Clock

HOUR = timedelta(hours=1)
PAST, END = START - HOUR, START + HOUR
CAROL = Student("Carol", "carol@example.org", "carol", "Carol")
OPEN = assignment(deadline=END, counts="selected")
A_SET = [OPEN]
Act = Callable[[Store], Any]


@pytest.fixture
def course(url: str, clock: Clock) -> Any:
    """Three students: Ada has two submissions scored and one queued, Bob one scored, Carol none."""
    with Store.open(url, clock=clock, assignments=lambda slug: OPEN, actor="prof") as store:
        store.import_roster([ADA, BOB, CAROL])
        for team, value in ((ADA.team, 17.0), (ADA.team, 18.0), ("Bob", 19.0)):
            send(store, team)
            judge(store, scored(value, private=value - 1))
        send(store, ADA.team)
        yield store


def everything(store: Store) -> list[object]:
    """All that a decision could change, but for what is noted of it."""
    return [
        store.submissions("denoising"),
        [board(store, OPEN, private=private) for private in (False, True)],
        store.teams(),
        store.quota(ADA.team, Board(OPEN, RunKind.EVALUATE)),
        store.is_revealed(Board(OPEN, RunKind.TRAIN)),
    ]


UNTIL = START + 3 * HOUR
PAIRS: dict[str, tuple[Act, Act, str, str, str, dict[str, Any]]] = {
    "withdraw": (
        lambda store: store.decisions.withdraw(2, OPEN),
        lambda store: store.decisions.withdraw(2, OPEN, undo=True),
        "withdrawn", "brought back", "#2", {"team": ADA.team},
    ),
    "withdraw one that is queued": (
        lambda store: store.decisions.withdraw(4, OPEN),
        lambda store: store.decisions.withdraw(4, OPEN, undo=True),
        "withdrawn", "brought back", "#4", {"team": ADA.team},
    ),
    "extend": (
        lambda store: store.decisions.extend(OPEN, "ADA", UNTIL),
        lambda store: store.decisions.extend(OPEN, "ada", None),
        "extended", "extension taken back", "ada",
        {"assignment": "denoising", "until": UNTIL.isoformat(), "before": None},
    ),
    "disqualify": (
        lambda store: store.decisions.disqualify(OPEN, "bob", "copied #2"),
        lambda store: store.decisions.reinstate(OPEN, "BOB"),
        "disqualified", "reinstated", "Bob", {"assignment": "denoising", "reason": "copied #2"},
    ),
    "merge": (
        lambda store: store.decisions.merge("bob", "ada lovelace", A_SET),
        lambda store: store.decisions.part("Ada Lovelace", A_SET),
        "teams merged", "teams parted", ADA.team,
        {"into": "Bob", "students": ["ada"], "submissions": [1, 2, 4]},
    ),
    "reveal": (
        lambda store: store.decisions.reveal(OPEN),
        lambda store: store.decisions.reveal(OPEN, undo=True),
        "revealed", "hidden", "denoising", {},
    ),
}  # fmt: skip


def test_what_is_done_is_undone_and_both_are_noted_once(course: Store, clock: Clock) -> None:
    for do, undo, action, undone, subject, detail in PAIRS.values():
        if action == "revealed":  # not while some may submit
            clock.go(hours=4)
        before, noted = everything(course), len(course.decisions.events())
        clock.go(minutes=1)
        do(course)
        [event] = course.decisions.events()[noted:]
        assert (event.at, event.actor, event.action, event.subject) == (clock.now, "prof", action, subject)
        assert event.detail == detail
        assert everything(course) != before, action
        clock.go(minutes=1)
        undo(course)
        [_, event] = course.decisions.events()[noted:]
        assert (event.at, event.actor, event.action, event.subject) == (clock.now, "prof", undone, subject)
        assert everything(course) == before, undone


REFUSED: list[tuple[str, Act, str]] = [
    ("select one that is queued", lambda s: s.decisions.select([4], OPEN), "#4 is queued"),
    ("select none that there is", lambda s: s.decisions.select([99], OPEN), "no submission #99"),
    ("select two teams'", lambda s: s.decisions.select([1, 3], OPEN), "not of one team and one board"),
    ("select too many", lambda s: s.decisions.select([1, 2], replaced(selections=1)), "at most 1"),
    ("withdraw none that there is", lambda s: s.decisions.withdraw(99, OPEN), "no submission #99"),
    ("bring back", lambda s: s.decisions.withdraw(1, OPEN, undo=True), "was not withdrawn"),
    ("extend nobody", lambda s: s.decisions.extend(OPEN, "eve", UNTIL), "no student 'eve'"),
    ("extend no longer", lambda s: s.decisions.extend(OPEN, "ada", START), "no later than the deadline"),
    ("extend without", lambda s: s.decisions.extend(assignment(), "ada", UNTIL), "has no deadline"),
    ("extend too long", lambda s: s.decisions.extend(replaced(reveal=END), "ada", UNTIL), "is revealed"),
    ("take back nothing", lambda s: s.decisions.extend(OPEN, "ada", None), "no extension to take back"),
    ("disqualify nobody", lambda s: s.decisions.disqualify(OPEN, "Eve", "x"), "no team 'Eve'"),
    ("disqualify for no reason", lambda s: s.decisions.disqualify(OPEN, "Bob", " "), "needs a reason"),
    ("disqualify at length", lambda s: s.decisions.disqualify(OPEN, "Bob", "x" * 10_000), "1 to 1000"),
    ("reinstate", lambda s: s.decisions.reinstate(OPEN, "Bob"), "is not disqualified"),
    ("merge with oneself", lambda s: s.decisions.merge("Bob", "bob", A_SET), "can't be merged"),
    ("merge with nobody", lambda s: s.decisions.merge("Bob", "", A_SET), "no team ''"),
    ("merge too many", lambda s: s.decisions.merge("Bob", "Carol", [replaced(team_size=1)]), "2 members"),
    ("merge too much", lambda s: s.decisions.merge("Bob", ADA.team, [replaced(total=3)]), "used 4"),
    ("merge late", lambda s: s.decisions.merge("Bob", "Carol", [replaced(merge_until=PAST)]), "any more"),
    ("part", lambda s: s.decisions.part("Bob", A_SET), "is a team of its own"),
    ("part nobody", lambda s: s.decisions.part("x" * 10_000, A_SET), "no team"),
]  # fmt: skip


def replaced(**rules: Any) -> Assignment:
    return replace(OPEN, rules=OPEN.rules.model_copy(update=rules))


def test_what_is_refused_changes_nothing_and_is_not_noted(course: Store) -> None:
    before = everything(course), course.decisions.events()
    for name, act, says in REFUSED:
        with pytest.raises(HeldoutError, match=says):
            act(course)
        assert course.decisions.events() == before[1], name
    assert everything(course) == before[0]


def test_twice_is_once(course: Store) -> None:
    for name in ("withdraw", "extend", "disqualify", "merge"):
        do, undo, *_ = PAIRS[name]
        do(course)
        before = everything(course), course.decisions.events()
        with pytest.raises(HeldoutError):
            do(course)
        assert (everything(course), course.decisions.events()) == before, name
        undo(course)


def test_shipped_solutions_are_merged_with_nobody(course: Store) -> None:
    course.ensure_team("wiener (baseline)", TeamKind.BASELINE)
    for pair in (("Bob", "wiener (baseline)"), ("wiener (baseline)", "Bob")):
        with pytest.raises(HeldoutError, match="two teams of students"):
            course.decisions.merge(*pair, A_SET)


# ---------------------------------------------------------------- selecting and withdrawing


def test_selecting_again_replaces_what_was_selected(course: Store) -> None:
    course.decisions.select([1, 1], OPEN)
    assert told(course, under=OPEN, private=True) == [("Bob", 18.0), (ADA.team, 16.0)]
    course.decisions.select([2], OPEN)
    assert [one.selected for one in course.submissions("denoising", ADA.team)] == [False, True, False]
    assert told(course, under=OPEN, private=True) == [("Bob", 18.0), (ADA.team, 17.0)]
    assert [event.subject for event in course.decisions.events()[-2:]] == ["#1", "#2"]


def test_what_was_selected_is_so_again_when_it_is_brought_back(course: Store) -> None:
    course.decisions.select([1], OPEN)
    course.decisions.withdraw(1, OPEN)
    assert told(course, under=OPEN, private=True) == [("Bob", 18.0), (ADA.team, 17.0)]
    with pytest.raises(HeldoutError, match="#1 is withdrawn"):
        course.decisions.select([1], OPEN)
    course.decisions.withdraw(1, OPEN, undo=True)
    assert told(course, under=OPEN, private=True) == [("Bob", 18.0), (ADA.team, 16.0)]


def test_a_failed_one_can_be_withdrawn_and_a_running_one_not(course: Store) -> None:
    take(course)
    with pytest.raises(HeldoutError, match="is being graded"):
        course.decisions.withdraw(4, OPEN)
    course.sweep()
    ref = send(course, "Carol").ref
    judge(course, failed())
    assert course.decisions.withdraw(ref, OPEN) is State.FAILED


def test_what_was_cancelled_is_not_graded(course: Store) -> None:
    assert course.decisions.withdraw(4, OPEN) is State.CANCELLED
    assert course.claim("grader", 60.0) is None
    assert course.decisions.withdraw(4, OPEN, undo=True) is State.QUEUED
    assert judge(course, scored(20.0)).ref == 4
    assert told(course, under=OPEN)[0] == (ADA.team, 20.0)


CHOICES: tuple[Act, ...] = (
    lambda store: store.decisions.select([1], OPEN),
    lambda store: store.decisions.withdraw(2, OPEN),
    lambda store: store.decisions.withdraw(3, OPEN, undo=True),
)


def test_nobody_chooses_after_the_end_or_by_the_private_board(course: Store, clock: Clock) -> None:
    course.decisions.withdraw(3, OPEN)
    for revealed in (True, False):
        clock.now = START + HOUR + timedelta(seconds=1)
        course.decisions.reveal(OPEN, undo=not revealed)
        for choose in CHOICES:
            with pytest.raises(HeldoutError, match="are closed for denoising"):
                choose(course)
    clock.now = START + HOUR
    for choose in CHOICES:
        choose(course)


def test_no_extension_ends_after_the_private_board_was_revealed_by_hand(course: Store, clock: Clock) -> None:
    clock.go(hours=2)
    course.decisions.reveal(OPEN)
    with pytest.raises(HeldoutError, match="after the private board is revealed"):
        course.decisions.extend(OPEN, "ada", clock.now + HOUR)
    course.decisions.extend(OPEN, "ada", clock.now)  # for what is there already


# ---------------------------------------------------------------- teams


def test_a_disqualified_teams_submissions_come_back_by_no_merge(course: Store) -> None:
    course.decisions.disqualify(OPEN, "Bob", "copied")
    for pair in (("Carol", "Bob"), ("Bob", "Carol")):
        with pytest.raises(HeldoutError, match="'Bob' is disqualified"):
            course.decisions.merge(*pair, A_SET)


def test_teams_that_merged_twice_are_one_and_are_parted_in_any_order(course: Store) -> None:
    merge, part = course.decisions.merge, course.decisions.part
    before = everything(course)[1:3]
    for order in (("Ada Lovelace", "Bob"), ("Bob", "Ada Lovelace")):
        merge("Bob", "Ada Lovelace", A_SET)
        merge("Carol", "Bob", A_SET)
        assert send(course, "Ada Lovelace").team == "Carol"
        course.decisions.withdraw(course.submissions("denoising")[0].ref, OPEN)
        assert [(team.name, team.members) for team in course.teams()] == [("Carol", ("ada", "bob", "carol"))]
        assert told(course, under=OPEN) == [("Carol", 19.0)]
        for name in order:
            part(name, A_SET)
        assert everything(course)[1:3] == before, order


def test_what_comes_in_after_a_merge_stays_with_the_team(course: Store) -> None:
    course.decisions.merge("Bob", ADA.team, A_SET)
    judge(course, scored(17.5))
    ref = send(course, ADA.team).ref
    judge(course, scored(20.0))
    assert told(course, under=OPEN) == [("Bob", 20.0)]
    course.decisions.part(ADA.team, A_SET)
    assert course.submission(ref).team == "Bob"
    assert course.submission(4).team == ADA.team
    assert told(course, under=OPEN) == [("Bob", 20.0), (ADA.team, 18.0)]


def test_a_roster_read_again_after_a_merge_changes_nothing(course: Store) -> None:
    course.decisions.merge("Bob", "Carol", A_SET)
    before = everything(course), course.decisions.events()
    change = course.import_roster([ADA, BOB, CAROL])
    assert (change.new, change.changed, change.unchanged) == (0, 0, 3)
    assert (everything(course), course.decisions.events()) == before
    course.import_roster([replace(CAROL, name="Caroline")])
    assert [team.name for team in course.teams()] == [ADA.team, "Bob"]


def test_a_merge_shows_in_the_limits_and_in_the_deadline(course: Store, clock: Clock) -> None:
    course.decisions.extend(OPEN, "carol", UNTIL)
    course.decisions.merge("Bob", ADA.team, A_SET)
    course.decisions.merge("Bob", "Carol", A_SET)
    quota = course.quota("ada lovelace", Board(OPEN, RunKind.EVALUATE))
    assert (quota.used, quota.pending, quota.deadline) == (4, 1, UNTIL)


def test_a_disqualified_team_is_off_both_boards_and_may_go_on(course: Store) -> None:
    course.decisions.disqualify(OPEN, "Bob", "copied")
    send(course, "Bob")
    judge(course, scored(18.0))
    judge(course, scored(20.0))
    for private in (False, True):
        assert [team for team, _ in told(course, under=OPEN, private=private)] == [ADA.team]
    course.decisions.reinstate(OPEN, "Bob")
    assert len(told(course, under=OPEN)) == 2


def test_a_time_without_zone_is_refused(course: Store) -> None:
    with pytest.raises((ValueError, TypeError)):
        course.decisions.extend(OPEN, "ada", datetime(2026, 11, 20))
