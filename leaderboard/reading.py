"""From the ledger to a board: what every listing and page of one assignment is made of."""

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime

from grader.spec import Assignment, RunKind
from leaderboard.boards import Board
from leaderboard.names import name_key
from leaderboard.ranking import rank
from leaderboard.records import Row, Snapshot
from leaderboard.store import Store

AT_ONCE = 300  # teams whose ties are looked for in a tenth of a second, while somebody waits for the board


def board(
    store: Store,
    assignment: Assignment,
    *,
    private: bool = False,
    run_kind: RunKind = RunKind.EVALUATE,
    at: datetime | None = None,
    since: datetime | None = None,
    live: bool = False,
    members: bool = False,
) -> list[Row]:
    """The board as it stands, or stood `at` a time; a frozen one as it was then, unless `live`.

    Rows tell their teams' `members` only if asked.

    Its column of changes compares with `since`: by default a day before anything moved last, so that a board
    changes only when something was judged.
    """
    which = Board(assignment, run_kind)
    store.refresh(which, most=AT_ONCE)
    now, before = store.snapshots(which, private=private, at=at, since=since, live=live)
    return _ranked(store, which, now, before, members=members)


def private_board(
    store: Store,
    assignment: Assignment,
    *,
    run_kind: RunKind = RunKind.EVALUATE,
    at: datetime | None = None,
    members: bool = False,
) -> list[Row]:
    """The same on the private items; its column of changes compares with the ranks of the public board."""
    which = Board(assignment, run_kind)
    store.refresh(which, most=AT_ONCE)
    now, _ = store.snapshots(which, private=True, at=at)
    public, _ = store.snapshots(which, at=at)
    return _ranked(store, which, now, public, members=members)


def _ranked(store: Store, which: Board, now: Snapshot, before: Snapshot, *, members: bool) -> list[Row]:
    return rank(
        now,
        which.assignment.metric,
        tier_of=_tiers(which),
        before=before,
        members=store.members() if members else {},
    )


def _tiers(which: Board) -> Callable[[float], str]:
    """`Assignment.tier_of`, for thousands of scores."""
    tiers = which.assignment.tiers_of(which.run_kind)
    names = ["", *(tier.name for tier in tiers)]
    edges = [-which.sign * tier.score for tier in tiers]
    return lambda score: names[bisect_right(edges, -which.sign * score)]


def best(
    store: Store, assignment: Assignment, team: str | None, run_kind: RunKind = RunKind.EVALUATE
) -> Row | None:
    """The team's row of the public board; None without a team or a scored submission."""
    if team is None:
        return None
    rows = board(store, assignment, run_kind=run_kind)
    return next((row for row in rows if name_key(row.team) == name_key(team)), None)
