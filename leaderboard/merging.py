"""Two teams become one, and can be parted again. Every function works inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from grader.errors import Refused
from grader.report import Verdict
from grader.spec import BOARDED, Assignment, RunKind
from leaderboard import standings
from leaderboard.admission import REFUNDED
from leaderboard.boards import Board
from leaderboard.candidates import COUNTS
from leaderboard.people import find_team, note, whole
from leaderboard.records import TeamKind
from leaderboard.rulings import disqualified
from leaderboard.tables import EventRow, JudgingRow, RungRow, StudentRow, SubmissionRow, TeamRow

MERGED = "teams merged"


def merge(session: Session, into: str, other: str, assignments: Sequence[Assignment], now: datetime) -> None:
    """Students and submissions of `other` become those of `into`. Raises HeldoutError."""
    for assignment in assignments:
        standings.hold(session, assignment, now)
    kept, gone = find_team(session, into, lock=True), find_team(session, other, lock=True)
    if kept.id == gone.id or TeamKind.STUDENT is not kept.kind or gone.kind is not TeamKind.STUDENT:
        raise Refused(f"{into!r} and {other!r} can't be merged", expected="two teams of students")
    for assignment in assignments:
        _check(session, assignment, (kept, gone), now)
    usernames = session.scalars(
        select(StudentRow.username).where(StudentRow.team_id == gone.id).order_by(StudentRow.id)
    ).all()
    refs = session.scalars(
        select(SubmissionRow.id).where(SubmissionRow.team_id == gone.id).order_by(SubmissionRow.id)
    ).all()
    for assignment in assignments:
        _unselect(session, assignment, kept.id, gone.id)
    _move(session, usernames, refs, gone.id, kept.id)
    _keep_higher(session, gone.id, kept.id)
    gone.merged_into = kept.id
    note(session, now, MERGED, gone.name, into=kept.name, students=[*usernames], submissions=[*refs])
    _restand(session, assignments, (kept.id, gone.id), now)


def part(session: Session, name: str, assignments: Sequence[Assignment], now: datetime) -> None:
    """Undo `merge` by the name of the team that is no more. What came in since stays with the other."""
    for assignment in assignments:
        standings.hold(session, assignment, now)
    gone = find_team(session, name, lock=True, merged=True)
    if gone.merged_into is None:
        raise Refused(f"{gone.name!r} is a team of its own", expected="the name of a team that was merged")
    kept = whole(session, gone, lock=True)
    for assignment in assignments:
        if disqualified(session, assignment.slug, [kept.id]) is not None:
            raise _refusal(assignment, f"{kept.name!r} is disqualified", "a team that is on the boards")
    event = session.scalar(
        select(EventRow)
        .where(EventRow.action == MERGED, EventRow.subject == gone.name)
        .order_by(EventRow.id.desc())
        .limit(1)
    )
    assert event is not None, "every merge is noted"
    _move(session, event.detail["students"], event.detail["submissions"], kept.id, gone.id)
    _keep_higher(session, kept.id, gone.id)
    gone.merged_into = None
    note(session, now, "teams parted", gone.name, of=kept.name)
    _restand(session, assignments, (kept.id, gone.id), now)


def _unselect(session: Session, assignment: Assignment, kept_id: int, gone_id: int) -> None:
    """Where both have selected more than one team may, those of the team that goes are selected no longer."""
    for run_kind in BOARDED:
        selected = (
            (SubmissionRow.assignment == assignment.slug)
            & (SubmissionRow.run_kind == run_kind)
            & SubmissionRow.selected_at.is_not(None)
        )
        both = selected & SubmissionRow.team_id.in_([kept_id, gone_id])
        count = session.scalar(select(func.count()).select_from(SubmissionRow).where(both)) or 0
        if count > assignment.rules.selections:
            theirs = selected & (SubmissionRow.team_id == gone_id)
            session.execute(update(SubmissionRow).where(theirs).values(selected_at=None))


def _move(session: Session, usernames: Sequence[str], refs: Sequence[int], old: int, new: int) -> None:
    """From one team to another; who is in a third one by now stays there."""
    theirs = (StudentRow.team_id == old) & StudentRow.username.in_(usernames)
    session.execute(update(StudentRow).where(theirs).values(team_id=new))
    for start in range(0, len(refs), 10_000):
        some = (SubmissionRow.team_id == old) & SubmissionRow.id.in_(refs[start : start + 10_000])
        session.execute(update(SubmissionRow).where(some).values(team_id=new))


def _check(session: Session, assignment: Assignment, teams: tuple[TeamRow, TeamRow], now: datetime) -> None:
    rules, ids = assignment.rules, [team.id for team in teams]
    if (barred := disqualified(session, assignment.slug, ids)) is not None:
        name = session.get_one(TeamRow, barred.team_id).name
        raise _refusal(assignment, f"{name!r} is disqualified", "teams that are on the boards")
    until = rules.merge_until or rules.deadline
    if until and now > until:
        raise _refusal(assignment, "teams can't be merged any more", f"until {until}")
    size = session.scalar(select(func.count()).where(StudentRow.team_id.in_(ids))) or 0
    if rules.team_size is not None and size > rules.team_size:
        raise _refusal(assignment, f"the team would have {size} members", f"at most {rules.team_size}")
    for run_kind in RunKind:
        used = session.scalar(
            select(func.count()).where(
                SubmissionRow.team_id.in_(ids),
                SubmissionRow.assignment == assignment.slug,
                SubmissionRow.run_kind == run_kind,
                SubmissionRow.state.not_in(REFUNDED),
            )
        )
        if rules.total is not None and (used or 0) > rules.total:
            raise _refusal(
                assignment, f"the team would have used {used} submissions", f"at most {rules.total}"
            )


def _refusal(assignment: Assignment, what: str, expected: str) -> Refused:
    return Refused(what, where=f"the rules of {assignment.slug}", expected=expected)


def _keep_higher(session: Session, seen: int, team_id: int) -> None:
    """What both have seen is seen: the better of two public scores has to be beaten."""
    for rung in session.scalars(select(RungRow).where(RungRow.team_id == seen)):
        own = session.get(RungRow, (rung.assignment, rung.run_kind, team_id))
        live = _live_data(session, rung)
        if own is None or (own.data_sha256 != live and rung.data_sha256 == live) or _higher(rung, own):
            session.merge(
                RungRow(
                    assignment=rung.assignment,
                    run_kind=rung.run_kind,
                    team_id=team_id,
                    loss=rung.loss,
                    losses=rung.losses,
                    data_sha256=rung.data_sha256,
                )
            )


def _higher(rung: RungRow, own: RungRow) -> bool:
    """Losses on different data can't be compared."""
    return rung.data_sha256 == own.data_sha256 and rung.loss < own.loss


def _live_data(session: Session, rung: RungRow) -> str | None:
    """What the board's latest judging was done on."""
    return session.scalar(
        select(JudgingRow.data_sha256)
        .join(SubmissionRow, COUNTS)
        .where(SubmissionRow.assignment == rung.assignment, SubmissionRow.run_kind == rung.run_kind)
        .where(JudgingRow.verdict == Verdict.SCORED)
        .order_by(JudgingRow.id.desc())
        .limit(1)
    )


def _restand(
    session: Session, assignments: Sequence[Assignment], teams: Sequence[int], now: datetime
) -> None:
    session.flush()
    for assignment in assignments:
        for run_kind in BOARDED:
            board = Board(assignment, run_kind)
            standings.board_row(session, board, now)
            standings.restand(session, board, teams, now)
