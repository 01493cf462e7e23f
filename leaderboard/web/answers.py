"""From the ledger to the pages on which notebooks are read and marked: for staff alone."""

import hashlib
from collections.abc import Sequence

from grader.errors import NotFound
from grader.report import CellState
from leaderboard.marks import Graded, NotebookPoints
from leaderboard.store import Store
from leaderboard.web import notebook
from leaderboard.web.marking import Answer, Question, Reading, Tally
from leaderboard.web.staff import Sheaf

A_PAGE = 20  # answers


def tallies(points: Sequence[NotebookPoints], asked: Sequence[Question]) -> list[Tally]:
    """Of each question; also of those that only an earlier version of the notebook had."""
    return [_tally(one, points) for one in _every(points, asked)]


def _every(points: Sequence[NotebookPoints], asked: Sequence[Question]) -> list[Question]:
    known = {one.id: one for one in asked}
    for each in (cell for one in points for cell in one.cells):
        by_hand = each.result.state is CellState.MANUAL
        known.setdefault(each.result.id, Question(each.result.id, not by_hand, by_hand, each.result.possible))
    return list(known.values())


def _tally(question: Question, points: Sequence[NotebookPoints]) -> Tally:
    graded = [found for one in points if (found := graded_cell(one, question.id))]
    got = [each.points for each in graded if not each.waits]
    return Tally(question, len(graded), len(graded) - len(got), sum(got) / len(got) if got else None)


def graded_cell(one: NotebookPoints, cell: str) -> Graded | None:
    return next((each for each in one.cells if each.result.id == cell), None)


def reading(
    store: Store, slug: str, asked: Sequence[Question], cell: str, *, names: bool = True, number: int = 1
) -> Reading:
    """A page of the answers to one question; of pages that there aren't the last one. Raises NotFound."""
    points = store.notebooks.points(slug)
    every = tallies(points, asked)
    found = next((one for one in every if one.question.id == cell), None)
    if found is None:
        raise NotFound("the notebook has no such question", where=cell[:100], next_step="see its points")
    ordered = _in_order(points, cell, names=names)
    pages = max(1, -(-len(ordered) // A_PAGE))
    number = max(1, min(number, pages))
    return Reading(
        found.question,
        [_answer(store, *each, found.question) for each in ordered[(number - 1) * A_PAGE : number * A_PAGE]],
        found.waiting,
        Sheaf(number, pages),
        next((one.question for one in every if one.waiting and one is not found), None),
        names,
        (number - 1) * A_PAGE + 1,
    )


def _in_order(
    points: Sequence[NotebookPoints], cell: str, *, names: bool
) -> list[tuple[NotebookPoints, Graded]]:
    """By the teams' names; without names in an order that tells nothing, another one for each question."""
    found = [(one, graded) for one in points if (graded := graded_cell(one, cell))]
    if names:
        return found
    return sorted(found, key=lambda each: hashlib.sha256(f"{cell} {each[0].ref}".encode()).digest())


def _answer(store: Store, one: NotebookPoints, graded: Graded, question: Question) -> Answer:
    looked_at = question.tested or question.id
    cells = notebook.parts(one.ref, store.notebooks.executed(one.ref), only=looked_at)
    given = [each for each in store.notebooks.history(one.ref) if each.cell == question.id]
    return Answer(one.ref, one.team, graded, next(iter(cells), None), given)


def page_of(store: Store, slug: str, cell: str, ref: int, *, names: bool) -> int:
    """On which page of `reading` the answer of submission `ref` stands; the first one if on none."""
    refs = [one.ref for one, _ in _in_order(store.notebooks.points(slug), cell, names=names)]
    return refs.index(ref) // A_PAGE + 1 if ref in refs else 1


def next_unread(store: Store, slug: str, cell: str, ref: int, *, names: bool) -> int | None:
    """After the answer of submission `ref`, and from the first one on again; None where all are read."""
    ordered = _in_order(store.notebooks.points(slug), cell, names=names)
    place = next((place for place, (one, _) in enumerate(ordered, 1) if one.ref == ref), 0)
    return next((one.ref for one, graded in [*ordered[place:], *ordered[:place]] if graded.waits), None)
