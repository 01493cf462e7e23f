"""Recording: a report becomes a judging, whole or not at all. Works inside the caller's transaction."""

import hashlib
import math
from dataclasses import asdict
from datetime import datetime

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from grader.errors import HeldoutError
from grader.report import Job, Report, Verdict
from grader.spec import Assignment
from leaderboard import rungs, standings
from leaderboard.boards import Board
from leaderboard.claims import free, give_back, held
from leaderboard.plain import storable
from leaderboard.records import State, TeamKind
from leaderboard.tables import (
    ItemScoresRow,
    JudgingRow,
    PictureRow,
    ResampledRow,
    ScoreRow,
    SubmissionRow,
    TeamRow,
)

LARGEST = 1e300  # the tables check the same


def record(session: Session, job: Job, report: Report, assignment: Assignment, now: datetime) -> bool:
    """Store the report, settle the submission and its board; True also when this holder did so before.

    False when the lease was lost: somebody else's attempt counts now.
    """
    row = held(session, job)
    if row is None:
        return _recorded(session, job)
    add_judging(session, row, report, now)
    if report.verdict is Verdict.GRADER_ERROR:
        give_back(row)
    else:
        _settle(session, row, report, Board(assignment, row.run_kind), now)
    return True


def _settle(session: Session, row: SubmissionRow, report: Report, board: Board, now: datetime) -> None:
    row.state = State.SCORED if report.verdict is Verdict.SCORED else State.FAILED
    row.judged_attempt, row.judged_at = row.attempts, now
    free(row)
    standings.board_row(session, board, now)  # locked: who records for this board waits here
    if row.state is State.SCORED:
        row.released = rungs.climb(session, board, row.team_id, report)
    shipped = session.get_one(TeamRow, row.team_id).kind is not TeamKind.STUDENT
    # A shipped solution's outputs may be those that somebody has handed in.
    standings.restand(session, board, standings.everybody(session, board) if shipped else [row.team_id], now)


def add_judging(session: Session, row: SubmissionRow, report: Report, now: datetime) -> JudgingRow:
    judging = _judging(row, report, now)
    session.add(judging)
    session.flush()
    _add_findings(session, judging.id, report)
    return judging


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


def _recorded(session: Session, job: Job) -> bool:
    return (
        session.scalar(
            select(JudgingRow.id).where(
                JudgingRow.submission_id == job.ref,
                JudgingRow.attempt == job.attempt,
                JudgingRow.holder == job.holder,
                JudgingRow.run_seed.is_not(None),  # a lost lease has a judging without seed, in its name
            )
        )
        is not None
    )


def _judging(row: SubmissionRow, report: Report, now: datetime) -> JudgingRow:
    used = report.resources
    return JudgingRow(
        submission_id=row.id,
        attempt=row.attempts,
        holder=row.holder or "",
        verdict=report.verdict,
        reason=report.failure.reason.value if report.failure else "",
        message=storable(report.failure.message) if report.failure else "",
        log=storable(report.log),
        run_seed=report.run_seed,
        data_sha256=report.data_sha256,
        outputs_sha256=_digest(report),
        launcher=used.launcher,
        layers=", ".join(used.layers),
        wall_seconds=used.wall_seconds,
        cpu_seconds=used.cpu_seconds,
        peak_bytes=used.peak_bytes,
        limits=asdict(used.limits) if used.limits else {},
        killed=used.killed,
        doing=storable(used.doing),
        dropped_bytes=used.dropped_bytes,
        texts={storable(name): storable(text) for name, text in report.texts.items()},
        training=asdict(report.training) if report.training else {},
        started_at=row.claimed_at,
        recorded_at=now,
    )


def _digest(report: Report) -> str:
    """Of every item's scores, to the last bit; "" where there are none: nothing tells two models apart."""
    if not report.items:
        return ""
    whole = hashlib.sha256()
    for name, values in sorted(report.items.items()):
        whole.update(name.encode() + np.asarray(values, "<f4").tobytes())
    return whole.hexdigest()


def _add_findings(session: Session, judging: int, report: Report) -> None:
    for split, estimates in (("public", report.public), ("private", report.private)):
        session.add_all(
            ScoreRow(
                judging_id=judging,
                split=split,
                metric=metric,
                value=float(estimate.value),
                half_width=float(estimate.half_width),
            )
            for metric, estimate in estimates.items()
        )
    session.add_all(
        ItemScoresRow(judging_id=judging, metric=metric, values=np.asarray(values, "<f4").tobytes())
        for metric, values in report.items.items()
    )
    session.add_all(
        ResampledRow(judging_id=judging, split=split, values=np.asarray(values, "<f4").tobytes())
        for split, values in report.resampled.items()
    )
    session.add_all(
        PictureRow(judging_id=judging, name=name, png=png) for name, png in report.pictures.items()
    )
