"""Final selections of a team. Every function works inside the caller's transaction; boards follow at once."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from grader.errors import Refused
from grader.rules import Counts
from grader.spec import BOARDED, Assignment
from leaderboard import standings
from leaderboard.people import find_team, note
from leaderboard.records import State
from leaderboard.rulings import check_open, find, listed, restand, same_board, team_name
from leaderboard.tables import SubmissionRow


def choose(session: Session, refs: Sequence[int], assignment: Assignment, now: datetime) -> None:
    """Select exactly these of a team's submissions to one board. Raises HeldoutError."""
    standings.hold(session, assignment, now)
    rows = [find(session, ref, lock=True) for ref in sorted(set(refs))]  # locked in one order by all
    first = rows[0]
    _check_selectable(rows, assignment)
    check_open(session, first, assignment, now, "selections")
    session.execute(
        update(SubmissionRow)
        .where(same_board(first), SubmissionRow.selected_at.is_not(None))
        .values(selected_at=None)
    )
    for row in rows:
        row.selected_at = now
    note(session, now, "selected", listed(rows), team=team_name(session, first.team_id))
    restand(session, assignment, [first.team_id], now)


def _check_selectable(rows: Sequence[SubmissionRow], assignment: Assignment) -> None:
    """Raise HeldoutError unless they are scored, of one team and board, few enough, and selections count."""
    first, rules = rows[0], assignment.rules
    if rules.counts is not Counts.SELECTED:
        raise Refused(
            f"a selection changes nothing here: the {rules.counts} submission counts",
            where=f"the rules of {assignment.slug}",
            expected='counts = "selected"',
        )
    for row in rows:
        if (row.team_id, row.run_kind, row.assignment) != (first.team_id, first.run_kind, first.assignment):
            raise Refused(
                f"#{first.id} and #{row.id} are not of one team and one board",
                expected="submissions of one team to one board",
                next_step="select those of each board by themselves",
            )
        if row.state is not State.SCORED or row.withdrawn_at is not None:
            what = "withdrawn" if row.withdrawn_at else str(row.state)
            raise Refused(f"#{row.id} is {what}", expected="a scored submission")
    if len(rows) > rules.selections:
        raise Refused(f"{len(rows)} submissions were selected", expected=f"at most {rules.selections}")


def settle(session: Session, team: str, refs: Sequence[int], assignment: Assignment, now: datetime) -> None:
    """These are the team's final ones on both boards: of a board with none of them its best counts.

    Raises HeldoutError.
    """
    standings.hold(session, assignment, now)
    owner = find_team(session, team)
    for run_kind in BOARDED:
        query = select(SubmissionRow).where(
            SubmissionRow.team_id == owner.id,
            SubmissionRow.assignment == assignment.slug,
            SubmissionRow.run_kind == run_kind,
            SubmissionRow.selected_at.is_not(None),
        )
        before = list(session.scalars(query))
        wanted = [ref for ref in refs if find(session, ref).run_kind is run_kind]
        if set(wanted) == {row.id for row in before}:
            continue
        if wanted:
            choose(session, wanted, assignment, now)
        else:
            _take_back(session, before, assignment, now)


def _take_back(
    session: Session, rows: Sequence[SubmissionRow], assignment: Assignment, now: datetime
) -> None:
    check_open(session, rows[0], assignment, now, "selections")
    for row in rows:
        row.selected_at = None
    note(session, now, "selection taken back", listed(rows), team=team_name(session, rows[0].team_id))
    restand(session, assignment, [rows[0].team_id], now)
