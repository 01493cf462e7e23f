"""From the ledger to a board: what every listing and page of one assignment is made of."""

from datetime import datetime
from functools import partial

from grader.spec import Assignment, RunKind
from leaderboard.names import name_key
from leaderboard.ranking import rank
from leaderboard.records import Row
from leaderboard.store import Store


def board(
    store: Store,
    assignment: Assignment,
    *,
    private: bool = False,
    run_kind: RunKind = RunKind.EVALUATE,
    since: datetime | None = None,
) -> list[Row]:
    """The board as it stands; its column of changes compares with `since` (default: see `ranking.rank`)."""
    return rank(
        store.entries(assignment.slug, private=private, run_kind=run_kind),
        assignment.metric,
        tier_of=partial(assignment.tier_of, run_kind=run_kind),
        members={team.name: team.members for team in store.teams()},
        since=since,
    )


def best(
    store: Store, assignment: Assignment, team: str | None, run_kind: RunKind = RunKind.EVALUATE
) -> Row | None:
    """The team's row of the public board; None without a team or a scored submission."""
    if team is None:
        return None
    rows = board(store, assignment, run_kind=run_kind)
    return next((row for row in rows if name_key(row.team) == name_key(team)), None)
