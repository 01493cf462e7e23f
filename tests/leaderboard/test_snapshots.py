"""Boards as they were, and ties looked for while scores move."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from grader.spec import RunKind
from leaderboard import snapshots, told_boards
from leaderboard.boards import Board
from leaderboard.reading import board
from leaderboard.store import Store
from tests.leaderboard.cases import assignment, judge, scored, send
from tests.leaderboard.conftest import Clock


def changes(store: Store, at: datetime | None = None, since: datetime | None = None) -> list[tuple[str, str]]:
    return [(row.team, row.change) for row in board(store, assignment(), at=at, since=since)]


def score(store: Store, team: str, value: float) -> None:
    send(store, team)
    judge(store, scored(value, 0.001))
    store.refresh_all()


def test_a_board_is_compared_with_what_stood_before(store: Store, clock: Clock) -> None:
    start = clock.now
    score(store, "Ada", 19.0)
    score(store, "Bob", 18.0)
    clock.go(days=2)
    score(store, "Bob", 20.0)
    assert changes(store) == [("Bob", "↑1"), ("Ada", "↓1")]
    clock.go(days=2)
    score(store, "Cy", 21.0)
    assert changes(store) == [("Cy", "new"), ("Bob", "↓1"), ("Ada", "↓1")]
    assert changes(store, since=start) == [("Cy", "new"), ("Bob", ""), ("Ada", "↓2")]
    assert changes(store, at=start) == [("Ada", "new"), ("Bob", "new")]
    assert changes(store, at=start, since=clock.now) == [("Ada", "↑2"), ("Bob", "")]


def test_scores_that_move_meanwhile_have_their_ties_looked_for_again(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = Board(assignment(), RunKind.EVALUATE)
    score(store, "Ada", 19.0)
    find = snapshots.find_ties

    def slowly(session: Session, board: Board) -> snapshots.Ties:
        found = find(session, board)
        monkeypatch.undo()
        clock.go(seconds=1)
        judge(store, scored(21.0, 0.001))
        return found

    send(store, "Bob")
    send(store, "Cy")
    judge(store, scored(20.0, 0.001))
    monkeypatch.setattr(snapshots, "find_ties", slowly)
    store.refresh(which)
    with store._database.reading() as session:
        assert list(snapshots.stale(session)) == [(which.slug, which.run_kind)]
    assert [row.rank for row in board(store, which.assignment)] == [1, 2, 3]


def test_while_somebody_grades_ties_are_theirs_to_look_for(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told_boards, "FEW", 1)
    which = Board(assignment(), RunKind.EVALUATE)

    def looked_for() -> bool:
        with store._database.reading() as session:
            return not snapshots.stale(session)

    def judged(team: str, value: float) -> None:
        send(store, team)
        judge(store, scored(value, 0.001))

    store.seen("a:1", {"local": 1})
    judged("Ada", 19.0)
    judged("Bob", 20.0)
    assert {row.rank for row in board(store, which.assignment)} == {1}
    assert not looked_for()
    store.refresh_all()
    assert [row.rank for row in board(store, which.assignment)] == [1, 2]
    assert looked_for()
    judged("Ada", 21.0)
    board(store, which.assignment)
    assert not looked_for()
    store.left("a:1")
    board(store, which.assignment)
    assert looked_for(), "nobody else does"
    store.seen("a:1", {"local": 1})
    judged("Bob", 22.0)
    clock.go(seconds=61)
    board(store, which.assignment)
    assert looked_for(), "it was killed"
