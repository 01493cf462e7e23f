"""Recording: a report becomes a judging, whole or not at all. Works inside the caller's transaction."""

import math
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from grader.errors import HeldoutError
from grader.report import Job, Report, Verdict
from grader.spec import Assignment, RunKind
from leaderboard import regrade_queue, rungs, sameness, standings
from leaderboard.boards import Board
from leaderboard.claims import free, give_back, held, requeue
from leaderboard.records import State, TeamKind
from leaderboard.reports import add_judging, recorded
from leaderboard.tables import JudgingRow, SubmissionRow, TeamRow

LARGEST = 1e300  # the tables check the same


def record(session: Session, job: Job, report: Report, assignment: Assignment, now: datetime) -> bool:
    """Store the report, settle the submission and its board; True also when this holder did so before.

    False when the lease was lost: somebody else's attempt counts now.
    """
    if job.regrade is not None:
        return regrade_queue.record(session, job, report, now)
    board = Board(assignment, job.run_kind)
    standings.board_row(session, board, now)  # locked: who records for this board, or regrades it, waits here
    row = held(session, job)
    if row is None:
        return recorded(session, job)
    judging = add_judging(session, row.id, row.attempts, row, report, now)
    if report.verdict is Verdict.GRADER_ERROR:
        give_back(row)
    elif not regrade_queue.keep_up(session, row, job):
        requeue(row, faults=0)
    else:
        _settle(session, row, judging, report, board, now)
    return True


def _settle(
    session: Session, row: SubmissionRow, judging: JudgingRow, report: Report, board: Board, now: datetime
) -> None:
    row.state = State.SCORED if report.verdict is Verdict.SCORED else State.FAILED
    row.judged_attempt, row.judged_at = row.attempts, now
    free(row)
    if row.run_kind is RunKind.NOTEBOOK:  # it has points, and no board
        row.released = row.state is State.SCORED or None
        return
    kind = session.get_one(TeamRow, row.team_id).kind
    if kind is TeamKind.STUDENT and row.state is State.SCORED:
        sameness.mark(session, board, [judging])
    if row.state is State.SCORED and not judging.same_as:  # who tried a reference needn't beat it to be shown
        row.released = rungs.climb(session, board, row.team_id, rungs.offered(board, report))
    if kind is not TeamKind.REFERENCE:
        standings.restand(session, board, [row.team_id], now)
        return
    session.flush()
    sameness.mark_everybody(session, board)  # somebody may have handed these answers in before
    standings.restand(session, board, standings.everybody(session, board), now)


def check(job: Job, report: Report) -> None:
    """Raise HeldoutError when the report is not one that can be recorded: a fault of the grader."""
    where = f"submission #{job.ref}, attempt {job.attempt}"
    if report.verdict is Verdict.SCORED and not (report.public and report.private):
        raise HeldoutError("the report says scored but has no scores", where=where)
    if report.verdict is Verdict.FAILED and report.failure is None:
        raise HeldoutError("the report says failed but not why", where=where)
    for split in (report.public, report.private):
        for metric, estimate in split.items():
            if not _finite(estimate.value) or not _finite(estimate.half_width) or estimate.half_width < 0:
                raise _not_finite(f"{metric}: {estimate.value} ± {estimate.half_width}", where)
    for metric, values in report.items.items():
        if not np.isfinite(values).all():
            raise _not_finite(f"{metric} of {int((~np.isfinite(values)).sum())} items", where)


def _finite(value: float) -> bool:
    return math.isfinite(value) and abs(value) < LARGEST


def _not_finite(what: str, where: str) -> HeldoutError:
    return HeldoutError(
        f"a score is not finite: {what}",
        where=where,
        expected="finite numbers; NaN and infinity are never ranked",
        next_step="mend the metric: answers that are not finite fail before they are scored",
    )
