"""Notebooks in the ledger: what counts, what people give, and what their authors are told."""

import math
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from desk.told import told as told_to_author
from grader.errors import HeldoutError, NotFound, Refused
from grader.notebook.executed import Shown, pack
from grader.report import CellResult, CellState, Estimate, Report, Verdict
from grader.spec import RunKind
from leaderboard.boards import Board
from leaderboard.database import Database
from leaderboard.marks import Graded, Item
from leaderboard.store import Store
from tests.leaderboard.cases import ADA, assignment, broke, judge, scored, send, told
from tests.leaderboard.conftest import Clock

CELLS = (
    CellResult("test_a", CellState.PASSED, 2.0, 2.0, 2.0),
    CellResult("test_b", CellState.FAILED_HIDDEN, 3.0, 0.0, 3.0, "a hidden test fails"),
    CellResult("why", CellState.MANUAL, 5.0, notes=("its points were changed",)),
)


def graded(cells: tuple[CellResult, ...] = CELLS) -> Report:
    return Report(
        Verdict.SCORED,
        run_seed=0,
        data_sha256="n" * 64,
        public={"points": Estimate(math.fsum(one.visible for one in cells), 0.0)},
        private={"points": Estimate(math.fsum(one.points for one in cells), 0.0)},
        cells=cells,
        notebook=pack([Shown("why", "answer", False, "Because.")]),
    )


def notebook(store: Store, team: str = "Ada", report: Report | None = None) -> int:
    ref = send(store, team, run_kind=RunKind.NOTEBOOK).ref
    judge(store, report or graded())
    return ref


def test_it_has_points_and_no_place_on_a_board(store: Store) -> None:
    send(store, "Ada")
    judge(store, scored(19.0))
    ref = notebook(store)
    assert told(store) == [("Ada", 19.0)]
    found = store.submission(ref)
    assert found.public == {"points": Estimate(5.0, 0.0)}
    assert [one.result for one in found.judging.cells] == list(CELLS) if found.judging else False
    [one] = store.notebooks.points("denoising")
    assert (one.ref, one.team, one.points, one.possible, one.pending) == (ref, "Ada", 2.0, 10.0, 1)
    assert one.source_sha256 == "n" * 64


def test_the_latest_counts_and_one_that_broke_or_was_withdrawn_does_not(store: Store) -> None:
    first = notebook(store)
    second = notebook(store, report=graded((replace(CELLS[0], points=1.0),)))
    send(store, run_kind=RunKind.NOTEBOOK)
    judge(store, broke())
    assert [one.ref for one in store.notebooks.points("denoising")] == [second]
    store.decisions.withdraw(second, assignment())
    assert [one.ref for one in store.notebooks.points("denoising")] == [first]
    store.decisions.withdraw(second, assignment(), undo=True)
    assert [one.ref for one in store.notebooks.points("denoising")] == [second]


def test_what_people_give_counts_and_all_of_it_is_kept(store: Store, clock: Clock) -> None:
    ref = notebook(store)
    with store.acting("ines"):
        store.notebooks.mark(ref, "why", 4.5, "nearly")
        clock.go(seconds=5)
        store.notebooks.mark(ref, "why", 5, "all of it <b>\x00")
        store.notebooks.mark(ref, "test_b", 1, "for the idea")
    [points] = store.notebooks.points("denoising")
    assert (points.points, points.pending) == (8.0, 0)
    store.notebooks.mark(ref, "test_b", None)
    [points] = store.notebooks.points("denoising")
    assert points.points == 7.0
    given = [(one.cell, one.points, one.actor) for one in store.notebooks.history(ref)]
    assert given == [
        ("why", 4.5, "ines"),
        ("why", 5.0, "ines"),
        ("test_b", 1.0, "ines"),
        ("test_b", None, "course"),
    ]
    marked = [event for event in store.decisions.events() if event.action == "marked"]
    assert [event.subject for event in marked] == [
        f"#{ref} {cell}" for cell in ("why", "why", "test_b", "test_b")
    ]


HALF = (Item("says why", 3.0, True), Item("and since when <b>", 2.0))


def test_a_mark_keeps_the_rubric_that_it_was_given_by(store: Store) -> None:
    ref = notebook(store)
    store.notebooks.mark(ref, "why", 3.0, items=HALF)
    [_, _, by_rubric] = store.notebooks.cells(ref)
    assert by_rubric.mark
    assert (by_rubric.mark.items, by_rubric.mark.adjusted) == (HALF, False)
    store.notebooks.mark(ref, "why", 4.0, items=HALF)
    store.notebooks.mark(ref, "why", 5.0)
    assert [one.items for one in store.notebooks.history(ref)] == [HALF, HALF, ()]
    assert replace(by_rubric.mark, points=4.0).adjusted
    before = told_to_author(store.submission(ref), revealed=False)
    assert before.judging
    assert not [one for one in before.judging.cells if one.mark]


def test_marks_of_an_older_schema_have_no_rubric(url: str) -> None:
    with Store.open(url) as store:
        ref = notebook(store)
        store.notebooks.mark(ref, "why", 3.0, "so")
    with closing(Database(url)) as database, database.connection() as connection:
        connection.execute(text("ALTER TABLE marks DROP COLUMN items"))
        connection.execute(text("UPDATE alembic_version SET version_num = 'r0009'"))
    with Store.create(url) as store:
        assert [(one.points, one.comment, one.items) for one in store.notebooks.history(ref)] == [
            (3.0, "so", ())
        ]
        store.notebooks.mark(ref, "why", 3.0, items=HALF)
        assert store.notebooks.history(ref)[1].items == HALF


def test_who_reads_the_same_answer_as_somebody_else_is_told(store: Store) -> None:
    ref = notebook(store)
    give = store.notebooks.mark
    with store.acting("ines"):
        give(ref, "why", 3.0, seen=0)
        give(ref, "test_b", 1.0, seen=0)
    with store.acting("omar"):
        with pytest.raises(Refused, match="ines has given 3 of 5 points for this answer meanwhile"):
            give(ref, "why", 4.0, seen=0)
        give(ref, "why", 4.0, seen=store.notebooks.history(ref)[0].id)
        give(ref, "why", None, seen=0)
    with store.acting("ines"):
        with pytest.raises(Refused, match="omar has taken back the points"):
            give(ref, "why", None, seen=store.notebooks.history(ref)[0].id)
        give(ref, "why", 2.0)
    assert [one.points for one in store.notebooks.history(ref)] == [3.0, 1.0, 4.0, None, 2.0]


WRONG = {
    "too many": ("why", 5.5, "", HeldoutError),
    "fewer than none": ("why", -0.5, "", HeldoutError),
    "no number": ("why", math.nan, "", HeldoutError),
    "no such cell": ("nowhere", 1.0, "", NotFound),
    "too long a comment": ("why", 1.0, "x" * 5_001, HeldoutError),
}


@pytest.mark.parametrize("case", WRONG)
def test_points_that_cannot_be_given(case: str, store: Store) -> None:
    cell, points, comment, error = WRONG[case]
    ref = notebook(store)
    with pytest.raises(error):
        store.notebooks.mark(ref, cell, points, comment)
    assert store.notebooks.history(ref) == []


def test_what_is_no_notebook_has_no_cells(store: Store) -> None:
    ref = send(store).ref
    judge(store)
    assert store.notebooks.cells(ref) == []
    for ask in (store.notebooks.executed, lambda ref: store.notebooks.mark(ref, "why", 1.0)):
        with pytest.raises(NotFound):
            ask(ref)


def test_before_the_release_an_author_is_told_what_they_can_see(store: Store) -> None:
    ref = notebook(store)
    store.notebooks.mark(ref, "why", 4.0, "SECRET")
    found = told_to_author(store.submission(ref), revealed=False)
    assert found.judging is not None
    assert found.judging.private == {}
    assert [(one.result.state, one.points) for one in found.judging.cells] == [
        (CellState.PASSED, 2.0),
        (CellState.PASSED, 3.0),
        (CellState.MANUAL, 0.0),
    ]
    assert not [one for one in found.judging.cells if one.mark or "hidden" in one.result.message]
    whole = told_to_author(store.submission(ref), revealed=True)
    assert whole.judging is not None
    assert [(one.result.state, one.points) for one in whole.judging.cells][1:] == [
        (CellState.FAILED_HIDDEN, 0.0),
        (CellState.MANUAL, 4.0),
    ]


def test_feedback_waits_until_nobody_can_hand_in(store: Store, clock: Clock) -> None:
    store.import_roster([ADA])
    under = assignment(deadline=clock.now + timedelta(hours=1))
    which = Board(under, RunKind.NOTEBOOK)
    with pytest.raises(Refused):
        store.notebooks.release(under)
    clock.go(seconds=3601)
    store.notebooks.release(under)
    assert store.notebooks.is_released(under)
    assert not store.is_revealed(Board(under, RunKind.EVALUATE))
    assert store.is_revealed(which)
    store.notebooks.release(under, undo=True)
    assert not store.notebooks.is_released(under)


def test_a_notebook_is_judged_again_like_any_other(store: Store) -> None:
    ref = notebook(store)
    store.notebooks.mark(ref, "why", 4.0)
    store.regrades.begin(assignment(), [ref], reason="a test was wrong")
    judge(store, graded((replace(CELLS[1], state=CellState.PASSED, points=3.0), CELLS[2])))
    store.regrades.apply(assignment())
    [one] = store.notebooks.points("denoising")
    assert (one.points, one.possible) == (7.0, 8.0)
    assert store.notebooks.cells(ref)[1] == Graded(CELLS[2], store.notebooks.cells(ref)[1].mark)
