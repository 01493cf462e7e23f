"""From the ledger to the pages of the staff: what runs and waits, what was handed in and decided, by whom."""

from collections.abc import Sequence
from datetime import datetime

from grader.errors import NotFound
from grader.outline import BOARDED, RunKind
from grader.spec import Assignment
from leaderboard import boards
from leaderboard.membership import Role
from leaderboard.names import name_key
from leaderboard.records import Event, Regrade, State, Submission
from leaderboard.render_rules import Moves, moves
from leaderboard.store import Store
from leaderboard.web.collect import rows_of
from leaderboard.web.frame import Place
from leaderboard.web.staff import Line, Sheaf

A_PAGE = 100  # lines of a list


def waiting(store: Store) -> list[Submission]:
    """What runs, then what waits, in the order in which it will be claimed."""
    return sorted(
        store.unfinished(),
        key=lambda one: (one.state is State.QUEUED, one.place.ahead if one.place else 0, one.ref),
    )


def submissions(store: Store, slugs: Sequence[str], number: int = 1) -> tuple[list[Submission], Sheaf]:
    """A page of everybody's, newest first; of pages that there aren't the last one."""
    skipped = max(0, number - 1) * A_PAGE
    found, count = store.everybodys(slugs, skipped=skipped, most=A_PAGE)
    sheaf, lines = _sheaf(count, number)
    if lines.start != skipped:
        found, _ = store.everybodys(slugs, skipped=lines.start, most=A_PAGE)
    return found, sheaf


def events(store: Store, number: int = 1) -> tuple[list[Event], Sheaf]:
    """A page of the audit log, newest first."""
    found = store.decisions.events()[::-1]
    sheaf, lines = _sheaf(len(found), number)
    return found[lines], sheaf


def _sheaf(count: int, number: int) -> tuple[Sheaf, slice]:
    """Page `number` of so many lines, or the nearest that there is."""
    pages = max(1, -(-count // A_PAGE))
    number = max(1, min(number, pages))
    return Sheaf(number, pages), slice((number - 1) * A_PAGE, number * A_PAGE)


def regrade(store: Store, assignment: Assignment) -> tuple[Regrade | None, list[Moves]]:
    """The open set and, once all of it is judged, who would move if it were applied."""
    try:
        found = store.regrades.current(assignment.slug)
    except NotFound:
        return None, []
    both = [(kind, private) for kind in BOARDED for private in (False, True) if not found.waiting]
    return found, [_moves(store, boards.Board(assignment, kind), private=private) for kind, private in both]


def _moves(store: Store, which: boards.Board, *, private: bool) -> Moves:
    before, after = store.regrades.preview(which, private=private)
    return Moves(which, private, moves(before, after, which.assignment))


def grades(store: Store, assignment: Assignment, run_kind: RunKind = RunKind.EVALUATE) -> list[Line]:
    """What each student has, in the order of the roster."""
    public, private = (
        {name_key(row.team): row for row in rows_of(store, assignment, place, live=True)}
        for place in (Place(assignment.slug, run_kind, split) for split in (False, True))
    )
    students = [one for one in store.access.people() if one.role is Role.STUDENT]
    own = {
        team: _own(store, assignment, team, run_kind) for team in dict.fromkeys(one.team for one in students)
    }
    found = []
    for one in students:
        key, (entries, late, extension) = name_key(one.team or ""), own[one.team]
        found.append(Line(one, public.get(key), private.get(key), entries, late, extension))
    return found


def _own(
    store: Store, assignment: Assignment, team: str | None, run_kind: RunKind
) -> tuple[int, int, datetime | None]:
    """How many entries, how many of them after the team's deadline, and that where it is its own."""
    if team is None:
        return 0, 0, None
    deadline = store.quota(team, boards.Board(assignment, run_kind)).deadline
    sent = [one for one in store.submissions(assignment.slug, team) if one.run_kind is run_kind]
    counted = [one for one in sent if one.state in (State.SCORED, State.FAILED)]
    late = [one for one in counted if deadline and one.received_at > deadline]
    return len(counted), len(late), deadline if deadline != assignment.rules.deadline else None
