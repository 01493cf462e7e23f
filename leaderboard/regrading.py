"""Judging again, as a set: in the background, looked at as a whole, then applied or cancelled as a whole.

Until then every board stays as it is; the old judgings stay in any case. Inside the caller's transaction.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from grader.errors import HeldoutError, NotFound, Refused
from grader.spec import BOARDED, Assignment
from leaderboard import rungs, sameness, standings
from leaderboard.boards import Board
from leaderboard.claims import APPLIED, CANCELLED, OPEN, data_version
from leaderboard.people import note
from leaderboard.plain import storable
from leaderboard.records import Regrade, State
from leaderboard.rulings import LONGEST_REASON
from leaderboard.tables import (
    JudgingRow,
    RegradeItemRow,
    RegradeRow,
    ScoreRow,
    SubmissionRow,
)

JUDGED = (State.SCORED, State.FAILED, State.GRADER_ERROR)
WAITING = (State.QUEUED, State.RUNNING)


def begin(
    session: Session,
    assignment: Assignment,
    refs: Sequence[int],
    *,
    everything: bool,
    reason: str,
    version: int | None,
    now: datetime,
) -> Regrade:
    """Queue a set: `refs`, or all that was ever judged; by default what stands on a board or may.

    Raises HeldoutError when one is open, or there is nothing to judge.
    """
    if len(reason) > LONGEST_REASON:
        raise HeldoutError(
            f"the reason has {len(reason):,} characters", expected=f"at most {LONGEST_REASON:,}"
        )
    standings.hold(session, assignment, now)  # what is recorded meanwhile sees the set, or is seen by it
    if (row := _open(session, assignment.slug)) is not None:
        raise Refused(
            f"regrade {row.id} of {assignment.slug} is open",
            expected="one set at a time",
            next_step=f"heldout regrade {assignment.slug} --apply, or --cancel",
        )
    found = _chosen(session, assignment.slug, refs, everything=everything)
    row = RegradeRow(
        assignment=assignment.slug,
        reason=storable(reason),
        state=OPEN,
        data_version=version or data_version(session, assignment.slug),
        made_at=now,
    )
    session.add(row)
    session.flush()
    session.add_all(
        RegradeItemRow(regrade_id=row.id, submission_id=ref, state=State.QUEUED, faults=0) for ref in found
    )
    note(
        session,
        now,
        "regrade begun",
        assignment.slug,
        regrade=row.id,
        submissions=len(found),
        reason=row.reason,
    )
    session.flush()
    return _record(session, row)


def _chosen(session: Session, slug: str, refs: Sequence[int], *, everything: bool) -> Sequence[int]:
    judged = select(SubmissionRow.id).where(
        SubmissionRow.assignment == slug,
        SubmissionRow.state.in_(JUDGED),
        SubmissionRow.deleted_at.is_(None),
    )
    if refs:
        found = set(session.scalars(judged.where(SubmissionRow.id.in_(refs))))
        if missing := [ref for ref in refs if ref not in found]:
            raise HeldoutError(f"#{missing[0]} is no judged submission to {slug}", expected="numbers of such")
        return sorted(found)
    latest = (
        select(func.max(SubmissionRow.id))
        .where(SubmissionRow.assignment == slug, SubmissionRow.state == State.SCORED)
        .group_by(SubmissionRow.team_id, SubmissionRow.run_kind)
    )
    selected = SubmissionRow.selected_at.is_not(None)
    counts = or_(SubmissionRow.released.is_(True), selected, SubmissionRow.id.in_(latest))
    found_all = session.scalars(judged if everything else judged.where(counts)).all()
    if not found_all:
        raise HeldoutError(f"nothing has been judged for {slug} yet", expected="judged submissions")
    return found_all


# ---------------------------------------------------------------- its end


def current(session: Session, slug: str) -> Regrade:
    """The assignment's open set. Raises HeldoutError when there is none."""
    return _record(session, _must_be_open(session, slug, lock=False))


def cancel(session: Session, slug: str, now: datetime) -> Regrade:
    """Nothing comes of it. Raises HeldoutError."""
    row = _must_be_open(session, slug)
    row.state, row.ended_at = CANCELLED, now
    note(session, now, "regrade cancelled", slug, regrade=row.id)
    return _record(session, row)


def apply(session: Session, assignment: Assignment, now: datetime) -> Regrade:
    """Make the set's judgings those that count, and the boards anew, all at once. Raises HeldoutError.

    What broke on our side keeps the judging that it has.
    """
    standings.hold(session, assignment, now)
    row = _must_be_open(session, assignment.slug)
    _check_complete(_record(session, row), data_version(session, assignment.slug))
    row.state, row.ended_at = APPLIED, now
    for run_kind in BOARDED:
        rungs.forget(session, Board(assignment, run_kind), row.id)
    done = _done(session, row.id)
    for item, submission, _ in done:
        submission.state, submission.judged_attempt = item.state, item.attempt
        submission.judged_at = submission.judged_at or now
    session.flush()
    for run_kind in BOARDED:
        board = Board(assignment, run_kind)
        sameness.mark_everybody(session, board)
        _climb_again(session, board, [each for each in done if each[1].run_kind is run_kind])
        standings.restand(session, board, standings.everybody(session, board), now)
    note(session, now, "regrade applied", assignment.slug, regrade=row.id, submissions=len(done))
    return _record(session, row)


def _check_complete(found: Regrade, live: int) -> None:
    where = f"regrade {found.number} of {found.assignment}"
    if found.waiting:
        raise HeldoutError(
            f"{found.waiting} of {found.submissions} submissions are not judged yet",
            where=where,
            expected="all of them judged",
            next_step="run `heldout grade`, then apply",
        )
    if found.broken and found.data_version != live:
        raise HeldoutError(
            f"{found.broken} of {found.submissions} broke on our side, and have no score on the new data",
            where=where,
            expected="a board on which all are judged on the same data",
            next_step=f"mend the cause, `heldout regrade {found.assignment} --cancel`, and begin anew",
        )


Done = tuple[RegradeItemRow, SubmissionRow, JudgingRow]


def _done(session: Session, regrade_id: int) -> list[Done]:
    query = (
        select(RegradeItemRow, SubmissionRow, JudgingRow)
        .join(SubmissionRow, SubmissionRow.id == RegradeItemRow.submission_id)
        .join(JudgingRow, JudgingRow.id == RegradeItemRow.judging_id)
        .where(RegradeItemRow.regrade_id == regrade_id)
        .order_by(SubmissionRow.received_at, SubmissionRow.id)
    )
    return [(item, submission, judging) for item, submission, judging in session.execute(query)]


def _climb_again(session: Session, board: Board, done: Sequence[Done]) -> None:
    """What was on show stays on show; what is scored for the first time has to climb, like anything new."""
    shown = [each for each in done if each[1].released and each[0].state is State.SCORED]
    fresh: list[tuple[SubmissionRow, rungs.Offer]] = []
    for item, submission, judging in done:
        if item.state is not State.SCORED:
            submission.released = None
            continue
        offer = _offer(session, board, item, judging)
        if judging.same_as:
            continue
        if submission.released:
            rungs.raise_to(session, board, submission.team_id, offer)
        elif submission.released is None:
            fresh.append((submission, offer))
    session.flush()
    for team, data in sorted({(one.team_id, judging.data_sha256) for _, one, judging in shown}):
        rungs.restore(session, board, team, data)
    for submission, offer in fresh:
        submission.released = rungs.climb(session, board, submission.team_id, offer)


def _offer(session: Session, board: Board, item: RegradeItemRow, judging: JudgingRow) -> rungs.Offer:
    score = session.get_one(ScoreRow, (judging.id, "public", board.assignment.metric.name))
    loss = board.sign * score.value
    return rungs.Offer(loss, score.half_width, rungs.unpacked(item.losses), judging.data_sha256)


# ---------------------------------------------------------------- parts


def _open(session: Session, slug: str, *, lock: bool = True) -> RegradeRow | None:
    query = select(RegradeRow).where(RegradeRow.assignment == slug, RegradeRow.state == OPEN)
    return session.scalar(query.with_for_update() if lock else query)


def _must_be_open(session: Session, slug: str, *, lock: bool = True) -> RegradeRow:
    row = _open(session, slug, lock=lock)
    if row is None:
        raise NotFound(
            f"no regrade of {slug} is open", next_step=f"begin one: heldout regrade {slug} -m REASON"
        )
    return row


def _record(session: Session, row: RegradeRow) -> Regrade:
    session.flush()
    query = (
        select(RegradeItemRow.state, func.count())
        .where(RegradeItemRow.regrade_id == row.id)
        .group_by(RegradeItemRow.state)
    )
    counts = dict(session.execute(query).all())
    return Regrade(
        number=row.id,
        assignment=row.assignment,
        reason=row.reason,
        state=row.state,
        data_version=row.data_version,
        submissions=sum(counts.values()),
        waiting=sum(counts.get(state, 0) for state in WAITING),
        broken=counts.get(State.GRADER_ERROR, 0),
    )
