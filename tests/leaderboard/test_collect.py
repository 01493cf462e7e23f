"""From the ledger to pages: what each reader gets, on each kind of database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from grader.outline import BOARDED, RunKind
from grader.spec import Assignment
from leaderboard.membership import Role
from leaderboard.records import State
from leaderboard.store import Store
from leaderboard.web import collect, survey
from leaderboard.web.frame import Place
from tests.leaderboard.cases import ADA, BOB, assignment, failed, judge, scored, send, take
from tests.leaderboard.conftest import START, Clock

DEADLINE = START + timedelta(days=2)
PUBLIC = Place("denoising")
PRIVATE = Place("denoising", private=True)


def ruled(**rules: object) -> Assignment:
    return assignment(**{"daily": None, "pending": None, **rules})


def hand_in(store: Store, team: str, value: float, private: float = 18.9) -> int:
    send(store, team)
    return judge(store, scored(value, private=private)).ref


def test_private_boards_and_write_ups_open_by_the_reveal(store: Store) -> None:
    hand_in(store, "Ada", 19.0)
    hidden = collect.menu(store, ruled())
    assert [place.name for place in hidden.boards] == ["practice", "train runs"]
    assert not hidden.solutions
    staff = collect.menu(store, ruled(), staff=True)
    names = ["practice", "train runs", "practice, private", "train runs, private"]
    assert [place.name for place in staff.boards] == names
    assert staff.solutions
    store.decisions.reveal(ruled())
    shown = collect.menu(store, ruled())
    assert [place.name for place in shown.boards] == names
    assert shown.solutions


def test_a_board_is_the_public_one_or_the_private_one(store: Store) -> None:
    ref = hand_in(store, "Ada", 19.25, private=17.5)
    public = collect.board(store, ruled(), PUBLIC)
    private = collect.board(store, ruled(), PRIVATE)
    assert [round(row.score, 2) for row in public.rows] == [19.25]
    assert [round(row.score, 2) for row in private.rows] == [17.5]
    assert (public.private, private.private) == (False, True)
    assert [figure.file for figure in public.gallery] == [f"pictures/{ref}-examples.png"]
    assert collect.on_boards(store, ruled()) == {ref}


def test_a_frozen_board_is_live_for_those_who_may(store: Store, clock: Clock) -> None:
    frozen = ruled(freeze=START + timedelta(hours=1))
    hand_in(store, "Ada", 19.0)
    store.refresh_all()
    clock.go(hours=2)
    late = hand_in(store, "Bob", 19.5)
    told = collect.board(store, frozen, PUBLIC)
    assert [row.team for row in told.rows] == ["Ada"]
    assert told.shown_at == START + timedelta(hours=1)
    live = collect.board(store, frozen, PUBLIC, live=True)
    assert [row.team for row in live.rows] == ["Bob", "Ada"]
    assert live.shown_at is None
    assert late not in collect.on_boards(store, frozen)


def test_a_card_has_what_the_team_has(store: Store) -> None:
    hand_in(store, "Ada", 19.0)
    found = collect.card(store, ruled(daily=5), team="ada")
    practice, trained = found.own
    assert practice.best
    assert practice.quota
    assert (round(practice.best.score, 2), practice.quota.left) == (19.0, 4)
    assert (trained.run_kind, trained.best) == (RunKind.TRAIN, None)
    assert collect.card(store, ruled()).own == []
    assert not found.revealed


def test_write_ups_come_in_the_order_of_the_board(store: Store, clock: Clock) -> None:
    refs = {}
    for team, value in (("Ada", 18.0), ("Bob", 19.9), ("Eve", 19.0)):
        refs[team] = hand_in(store, team, value)
        store.write_ups.write(refs[team], f"by {team}", team=team)
        clock.go(hours=1)
    quiet = hand_in(store, "Bob", 19.0)  # no improvement: on no board
    store.write_ups.write(quiet, "as well", team="Bob")
    found = collect.solutions(store, ruled())
    assert [(one.team, one.ref) for one in found] == [
        ("Bob", refs["Bob"]), ("Eve", refs["Eve"]), ("Ada", refs["Ada"]), ("Bob", quiet),
    ]  # fmt: skip
    assert [one.row.rank if one.row else None for one in found] == [1, 2, 3, None]


def test_a_team_gets_its_own_submissions_alone(store: Store) -> None:
    hand_in(store, "Ada", 19.0)
    hand_in(store, "Bob", 19.0)
    found = collect.mine(store, ruled(), "Ada")
    assert {one.team for one in found.submissions} == {"Ada"}
    assert set(found.quotas) == set(BOARDED), "it has no notebook"
    assert set(found.revealed) == set(RunKind)
    assert not any(found.revealed.values())


# ---------------------------------------------------------------- for the staff


def test_the_queue_has_what_runs_then_what_waits_in_its_order(store: Store, clock: Clock) -> None:
    refs = []
    for team in ("Ada", "Ada", "Bob"):
        refs.append(send(store, team).ref)
        clock.go(minutes=1)
    running = take(store).ref
    found = survey.waiting(store)
    assert (running, [one.state for one in found]) == (refs[0], [State.RUNNING, State.QUEUED, State.QUEUED])
    assert [one.place.ahead for one in found if one.place] == [0, 1]
    assert [one.ref for one in found] == [refs[0], refs[2], refs[1]]  # who has waited longer is first


@pytest.mark.parametrize(("asked", "number", "count"), [(1, 1, 2), (3, 3, 1), (0, 1, 2), (99, 3, 1)])
def test_long_lists_have_pages(
    store: Store, asked: int, number: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "A_PAGE", 2)
    for _ in range(5):
        hand_in(store, "Ada", 19.0)
    found, sheaf = survey.submissions(store, ["denoising"], asked)
    assert (sheaf.number, sheaf.pages, len(found)) == (number, 3, count)
    assert [one.ref for one in found] == sorted((one.ref for one in found), reverse=True)


def test_the_audit_log_begins_with_the_newest(store: Store, clock: Clock) -> None:
    hand_in(store, "Ada", 19.0)
    clock.go(hours=1)
    store.decisions.reveal(ruled())
    found, sheaf = survey.events(store)
    assert found[0].at == clock.now
    assert sheaf.pages == 1


def test_grades_rest_on_both_boards_entries_and_extensions(store: Store, clock: Clock) -> None:
    store.import_roster([ADA, BOB])
    store.access.add_staff("Rossi", "rossi@example.org", "rossi", Role.INSTRUCTOR)
    late = ruled(deadline=DEADLINE, late_until=DEADLINE + timedelta(days=9))
    hand_in(store, ADA.team, 19.0, private=18.0)
    send(store, ADA.team)
    judge(store, failed())
    store.decisions.extend(late, "bob", DEADLINE + timedelta(days=1))
    clock.now = DEADLINE + timedelta(hours=1)
    for team in (ADA.team, BOB.team):
        send(store, team, under=late)
        judge(store, scored(19.5))
    ada, bob = survey.grades(store, late)
    assert (ada.student.username, ada.entries, ada.late, ada.extension) == ("ada", 3, 1, None)
    assert (bob.student.username, bob.entries, bob.late) == ("bob", 1, 0)
    assert bob.extension == DEADLINE + timedelta(days=1)
    assert ada.public
    assert ada.private
    assert (round(ada.public.score, 2), round(ada.private.score, 2)) == (19.0, 18.0)


def test_who_would_move_is_told_once_a_set_is_judged(store: Store) -> None:
    assert survey.regrade(store, ruled()) == (None, [])
    hand_in(store, "Ada", 19.0)
    store.regrades.begin(ruled(), reason="the metric had a bug")
    found, moves = survey.regrade(store, ruled())
    assert (found.waiting if found else None, moves) == (1, [])
    judge(store, scored(17.0))
    found, moves = survey.regrade(store, ruled())
    assert [(one.board.run_kind, one.private) for one in moves] == [
        (kind, private) for kind in BOARDED for private in (False, True)
    ]
    assert [move.new_score for move in moves[0].found] == [pytest.approx(17.0)]


def test_what_is_a_notebook_alone_has_no_boards(store: Store) -> None:
    alone = replace(assignment(), notebook_alone=True)
    shown = collect.card(store, alone, team="Ada", staff=True)
    assert (shown.menu.boards, shown.boards, shown.own) == ([], [], [])
