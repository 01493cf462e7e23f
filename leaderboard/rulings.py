"""What students and instructors decide: select, withdraw, merge, extend, disqualify, reveal. All is noted.

Every function works inside the caller's transaction; boards follow at once.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from grader.errors import HeldoutError, NotFound, Refused
from grader.spec import BOARDED, Assignment
from leaderboard import admission, standings
from leaderboard.admission import deadline_of
from leaderboard.boards import Board
from leaderboard.names import name_key
from leaderboard.people import find_team, note
from leaderboard.plain import storable
from leaderboard.records import State, TeamKind
from leaderboard.tables import (
    BoardRow,
    DisqualificationRow,
    ExtensionRow,
    StudentRow,
    SubmissionRow,
    TeamRow,
)
from leaderboard.views import no_submission

LONGEST_REASON = 1000


def withdraw(session: Session, ref: int, assignment: Assignment, now: datetime) -> State:
    """Take a submission back: a queued one at no cost, a judged one off the boards. Raises HeldoutError."""
    standings.hold(session, assignment, now)
    row = find(session, ref, lock=True)
    if row.state is State.RUNNING:
        raise Refused(f"#{ref} is being graded", expected="a queued or judged one")
    if row.state is State.CANCELLED or row.withdrawn_at is not None:
        raise Refused(f"#{ref} has been withdrawn already")
    check_open(session, row, assignment, now, "withdrawals")
    if row.state is State.QUEUED:
        row.state = State.CANCELLED
    row.withdrawn_at = now  # it stays selected: for when it is brought back
    note(session, now, "withdrawn", f"#{ref}", team=team_name(session, row.team_id))
    restand(session, assignment, [row.team_id], now)
    return row.state


def bring_back(session: Session, ref: int, assignment: Assignment, now: datetime) -> State:
    """Undo `withdraw`. Raises HeldoutError."""
    standings.hold(session, assignment, now)
    row = find(session, ref, lock=True)
    if row.withdrawn_at is None:
        raise Refused(f"#{ref} was not withdrawn")
    check_open(session, row, assignment, now, "withdrawals")
    if row.state is State.CANCELLED:
        _check_room(session, row, assignment, now)
        row.state = State.QUEUED
    row.withdrawn_at = None
    note(session, now, "brought back", f"#{ref}", team=team_name(session, row.team_id))
    restand(session, assignment, [row.team_id], now)
    return row.state


def extend(
    session: Session, assignment: Assignment, username: str, until: datetime | None, now: datetime
) -> datetime | None:
    """Give a student a deadline of one's own, or take it back (None); return the one before."""
    standings.hold(session, assignment, now)
    student = _student(session, username)
    deadline, reveal = assignment.rules.deadline, _revealed_at(session, assignment)
    if until and (deadline is None or until <= deadline):
        raise Refused(
            "the extension ends no later than the deadline" if deadline else "the assignment has no deadline",
            where=assignment.slug,
            expected=f"a time after {deadline}" if deadline else "a deadline in the course's rules",
        )
    if until and reveal and until > reveal:
        raise Refused(
            "the extension ends after the private board is revealed", expected=f"until {reveal} at the latest"
        )
    row = session.get(ExtensionRow, (assignment.slug, student.id))
    before = row.until if row else None
    if until == before:
        raise Refused(
            f"{student.username!r} has {'that extension already' if until else 'no extension to take back'}",
            where=assignment.slug,
        )
    if row is not None:
        session.delete(row)
        session.flush()
    if until is not None:
        session.add(ExtensionRow(assignment=assignment.slug, student_id=student.id, until=until))
    note(
        session,
        now,
        "extended" if until else "extension taken back",
        student.username,
        assignment=assignment.slug,
        until=_iso(until),
        before=_iso(before),
    )
    restand(session, assignment, [student.team_id], now)
    return before


def disqualify(session: Session, assignment: Assignment, team: str, reason: str, now: datetime) -> None:
    """Take a team off the boards of an assignment, until it is reinstated. Raises HeldoutError."""
    standings.hold(session, assignment, now)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise HeldoutError(
            "a disqualification needs a reason", expected=f"1 to {LONGEST_REASON} characters: --reason TEXT"
        )
    row = find_team(session, team, lock=True)
    if disqualified(session, assignment.slug, [row.id]) is not None:
        raise Refused(f"{row.name!r} is disqualified already", where=assignment.slug)
    session.add(
        DisqualificationRow(assignment=assignment.slug, team_id=row.id, reason=storable(reason), at=now)
    )
    note(session, now, "disqualified", row.name, assignment=assignment.slug, reason=storable(reason))
    restand(session, assignment, [row.id], now)


def reinstate(session: Session, assignment: Assignment, team: str, now: datetime) -> None:
    """Undo `disqualify`. Raises HeldoutError."""
    standings.hold(session, assignment, now)
    row = find_team(session, team, lock=True)
    found = disqualified(session, assignment.slug, [row.id])
    if found is None:
        raise Refused(f"{row.name!r} is not disqualified", where=assignment.slug)
    found.lifted_at = now
    note(session, now, "reinstated", row.name, assignment=assignment.slug, reason=found.reason)
    restand(session, assignment, [row.id], now)


def reveal(session: Session, assignment: Assignment, now: datetime, *, undo: bool = False) -> None:
    """Show the private boards of an assignment to everybody, or hide them again. Raises HeldoutError."""
    last = last_chance(session, assignment)
    if not undo and last is not None and now < last:
        raise Refused(
            "some may still submit, and would see what their submissions score",
            where=assignment.slug,
            expected=f"a time after {last}",
            next_step="wait, or change the deadlines first",
        )
    for run_kind in BOARDED:
        row = standings.board_row(session, Board(assignment, run_kind), now)
        row.revealed_at = None if undo else now
    note(session, now, "hidden" if undo else "revealed", assignment.slug)


def last_chance(session: Session, assignment: Assignment) -> datetime | None:
    """Until when anybody may submit; None: without an end."""
    rules = assignment.rules
    granted = session.scalar(
        select(func.max(ExtensionRow.until)).where(ExtensionRow.assignment == assignment.slug)
    )
    times = (rules.deadline, rules.late_until, granted, *rules.extensions.values())
    return max(filter(None, times), default=None)


def is_over(session: Session, assignment: Assignment, now: datetime) -> bool:
    """Whether nobody of the course may submit any more, or one of the private boards is revealed."""
    if any(is_revealed(session, Board(assignment, run_kind), now) for run_kind in BOARDED):
        return True
    last = last_chance(session, assignment)
    return last is not None and now > last


def is_revealed(session: Session, board: Board, now: datetime) -> bool:
    return admission.is_revealed(session, board.slug, board.run_kind, board.rules, now)


def _revealed_at(session: Session, assignment: Assignment) -> datetime | None:
    """When the first of the private boards was shown, or will be."""
    query = select(BoardRow.revealed_at).where(
        BoardRow.assignment == assignment.slug, BoardRow.revealed_at.is_not(None)
    )
    return min(filter(None, [assignment.rules.reveal, *session.scalars(query)]), default=None)


def frozen_at(session: Session, board: Board, now: datetime) -> datetime | None:
    """The moment that the public board shows, from then until the private one is revealed."""
    freeze = board.rules.freeze
    if freeze is None or now < freeze or is_revealed(session, board, now):
        return None
    return freeze


# ---------------------------------------------------------------- parts


def find(session: Session, ref: int, *, lock: bool = False) -> SubmissionRow:
    """Raises HeldoutError when there is none of that number."""
    row = session.get(SubmissionRow, ref, with_for_update=lock or None)
    if row is None or row.deleted_at is not None:
        raise no_submission(ref)
    return row


def check_open(
    session: Session, row: SubmissionRow, assignment: Assignment, now: datetime, what: str
) -> None:
    """Who chose after the private board is seen would choose by it."""
    team = session.get_one(TeamRow, row.team_id)
    closes = assignment.rules.closes(deadline_of(session, team, assignment.slug, assignment.rules))
    if is_revealed(session, Board(assignment, row.run_kind), now) or (closes and now > closes):
        raise Refused(
            f"{what} are closed for {assignment.slug}",
            expected=f"until {closes}" if closes else "before the private board is revealed",
            next_step="ask your instructor",
        )


def _check_room(session: Session, row: SubmissionRow, assignment: Assignment, now: datetime) -> None:
    """A cancelled one had cost nothing: it counts again, and on the day that it was received."""
    team = session.get_one(TeamRow, row.team_id, with_for_update={"key_share": True})
    if team.kind is TeamKind.STUDENT:
        then = row.received_at
        allowed = admission.quota(session, team, row.assignment, row.run_kind, assignment.rules, then)
        admission.check_room(allowed, then)
        admission.check_rested(allowed, now)


def same_board(row: SubmissionRow) -> ColumnElement[bool]:
    return (
        (SubmissionRow.team_id == row.team_id)
        & (SubmissionRow.assignment == row.assignment)
        & (SubmissionRow.run_kind == row.run_kind)
    )


def restand(session: Session, assignment: Assignment, teams: Sequence[int], now: datetime) -> None:
    session.flush()
    for run_kind in BOARDED:
        board = Board(assignment, run_kind)
        standings.board_row(session, board, now)
        standings.restand(session, board, teams, now)


def disqualified(session: Session, slug: str, teams: Sequence[int]) -> DisqualificationRow | None:
    """That which keeps one of these teams off the boards; None where nothing does."""
    query = select(DisqualificationRow).where(
        DisqualificationRow.assignment == slug,
        DisqualificationRow.team_id.in_(teams),
        DisqualificationRow.lifted_at.is_(None),
    )
    return session.scalar(query.limit(1))


def _student(session: Session, username: str) -> StudentRow:
    row = session.scalar(select(StudentRow).where(StudentRow.username_key == name_key(username)))
    if row is None:
        raise NotFound(
            f"there is no student {username[:100]!r}",
            expected="a username",
            next_step="see `heldout roster list`",
        )
    return row


def team_name(session: Session, team_id: int) -> str:
    return session.get_one(TeamRow, team_id).name


def listed(rows: Iterable[SubmissionRow]) -> str:
    return ", ".join(f"#{row.id}" for row in rows)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
