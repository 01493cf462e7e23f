"""From the ledger to what each page needs. Who may see what is up to the caller, by the arguments here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader import catalogue
from grader.outline import BOARDED, RunKind
from grader.spec import Assignment
from leaderboard import boards, reading
from leaderboard.marks import Graded, shown_to_author
from leaderboard.names import name_key
from leaderboard.records import Quota, Row, Submission, TeamKind
from leaderboard.store import Store
from leaderboard.web.board import Board
from leaderboard.web.frame import Menu, Place
from leaderboard.web.methods import Method, method
from leaderboard.web.site import Card, Offer, Own, Solution


def menu(store: Store, assignment: Assignment, *, staff: bool = False) -> Menu:
    """Its pages, for `staff` before they are open to the class, too."""
    kinds = () if assignment.notebook_alone else BOARDED
    places = [Place(assignment.slug, kind) for kind in kinds]
    private = [
        Place(assignment.slug, kind, private=True)
        for kind in kinds
        if staff or store.is_revealed(boards.Board(assignment, kind))
    ]
    written = staff or store.write_ups.open_to_class(assignment)
    shipped = bool(catalogue.solutions(assignment.slug))
    return Menu(assignment, [*places, *private], written, has_notebook(assignment), shipped)


def has_notebook(assignment: Assignment) -> bool:
    return assignment.folder != Path() and (assignment.folder / "notebook.ipynb").is_file()


def board(
    store: Store, assignment: Assignment, place: Place, *, live: bool = False, most: int | None = None
) -> Board:
    """One board with pictures and history; a frozen one as it was then, unless `live`.

    most: teams whose pictures are collected, the first ones; of the shipped solutions all are.
    """
    which = boards.Board(assignment, place.run_kind)
    rows = rows_of(store, assignment, place, live=live)
    return Board(
        assignment,
        rows,
        place.run_kind,
        store.showings(_looked_at(rows, most)),
        store.changed_at(which),
        private=place.private,
        steps=store.history(which, private=place.private, live=live),
        shown_at=None if place.private or live else store.frozen_at(which),
    )


def _looked_at(rows: Sequence[Row], most: int | None) -> list[int]:
    teams = [row.ref for row in rows if row.kind is TeamKind.STUDENT]
    return [*teams[:most], *(row.ref for row in rows if row.kind is not TeamKind.STUDENT)]


def rows_of(store: Store, assignment: Assignment, place: Place, *, live: bool = False) -> list[Row]:
    """Of one board alone."""
    if place.private:
        return reading.private_board(store, assignment, run_kind=place.run_kind, members=True)
    return reading.board(store, assignment, run_kind=place.run_kind, live=live, members=True)


def gallery(store: Store, assignment: Assignment) -> list[Board]:
    """Both public boards with what their entries show."""
    found = []
    for kind in BOARDED:
        rows = rows_of(store, assignment, Place(assignment.slug, kind))
        found.append(Board(assignment, rows, kind, store.showings([row.ref for row in rows])))
    return found


def methods(store: Store, assignment: Assignment) -> list[Method]:
    """The shipped solutions, in the order of the boards; those that stand on none come last."""
    shown = gallery(store, assignment)
    order = {row.team: number for board in reversed(shown) for number, row in enumerate(board.rows)}
    found = catalogue.solutions(assignment.slug)
    last = len(order)
    return [method(one, shown) for one in sorted(found, key=lambda one: -order.get(one.team, -1 - last))]


def lessons(assignment: Assignment) -> str:
    """What the comparison of methods teaches, as the assignment's author has it."""
    path = assignment.folder / "methods.md"
    known = assignment.folder != Path() and path.is_file()
    return path.read_text(encoding="utf-8") if known else ""


def card(
    store: Store,
    assignment: Assignment,
    *,
    team: str | None = None,
    live: bool = False,
    staff: bool = False,
    notebook: Offer | None = None,
) -> Card:
    """An assignment in short, with what `team` has there."""
    shown = menu(store, assignment, staff=staff)
    found = [
        Board(assignment, rows_of(store, assignment, place, live=live), place.run_kind, private=place.private)
        for place in shown.boards
    ]
    own = [_own(store, assignment, team, one) for one in found if team is not None and not one.private]
    revealed = all(store.is_revealed(boards.Board(assignment, kind)) for kind in BOARDED)
    return Card(shown, found, own, revealed, notebook)


def _own(store: Store, assignment: Assignment, team: str, found: Board) -> Own:
    key = name_key(team)
    best = next((row for row in found.rows if name_key(row.team) == key), None)
    return Own(found.run_kind, best, store.quota(team, boards.Board(assignment, found.run_kind)))


def solutions(store: Store, assignment: Assignment) -> list[Solution]:
    """Write-ups in the order of the boards, practice first; then those that stand on none."""
    rows = [row for kind in BOARDED for row in rows_of(store, assignment, Place(assignment.slug, kind))]
    order = {row.ref: (number, row) for number, row in enumerate(rows)}
    told = sorted(store.write_ups.told(assignment.slug), key=lambda one: order.get(one.ref, (len(rows),))[0])
    return [
        Solution(one.ref, one.team, one.text, one.written_at, order[one.ref][1] if one.ref in order else None)
        for one in told
    ]


@dataclass(frozen=True)
class Mine:
    """What a team's own page shows."""

    submissions: Sequence[Submission]
    quotas: Mapping[RunKind, Quota]
    revealed: Mapping[RunKind, bool]
    cells: Mapping[int, Sequence[Graded]] = field(
        default_factory=dict
    )  # of notebooks, as their authors see them


def mine(store: Store, assignment: Assignment, team: str) -> Mine:
    """Raises HeldoutError when the team is unknown."""
    submissions = store.submissions(assignment.slug, team)
    notebooks = [one.ref for one in submissions if one.run_kind is RunKind.NOTEBOOK]
    every = {kind: boards.Board(assignment, kind) for kind in RunKind}
    revealed = {kind: store.is_revealed(one) for kind, one in every.items()}
    asked = RunKind if notebooks or has_notebook(assignment) else BOARDED
    return Mine(
        submissions,
        {kind: store.quota(team, every[kind]) for kind in asked},
        revealed,
        {
            ref: shown_to_author(store.notebooks.cells(ref), released=revealed[RunKind.NOTEBOOK])
            for ref in notebooks
        },
    )


def on_boards(store: Store, assignment: Assignment, *, staff: bool = False) -> frozenset[int]:
    """Entries whose pictures everybody may see who sees the boards: those that stand on one."""
    places = menu(store, assignment, staff=staff).boards
    return frozenset(row.ref for place in places for row in rows_of(store, assignment, place, live=staff))
