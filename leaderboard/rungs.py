"""Each team's rung of the Ladder in the ledger: see `ladder.py`. Inside the caller's transaction."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from grader.report import Report
from leaderboard.boards import Board
from leaderboard.candidates import COUNTS, PUBLIC, judged
from leaderboard.ladder import Losses, Rung, climbs, climbs_as_a_set
from leaderboard.tables import JudgingRow, RegradeItemRow, RungRow, ScoreRow, SubmissionRow


@dataclass(frozen=True, eq=False)
class Offer:
    """A submission's public score as a loss, and the losses behind it; None where it is of a whole set."""

    loss: float
    half_width: float
    losses: Losses | None  # (n,)
    data_sha256: str


def offered(board: Board, report: Report) -> Offer:
    found = report.public[board.assignment.metric.name]
    return Offer(board.sign * found.value, found.half_width, report.losses, report.data_sha256)


def climb(session: Session, board: Board, team_id: int, offer: Offer) -> bool:
    """Whether the public board may show this; then the next one is compared with it.

    Scores on other data can't be compared: the first on new data is shown.
    """
    row = session.get(RungRow, (board.slug, board.run_kind, team_id), with_for_update=True)
    if row is None:
        best = _shown(session, board, team_id, offer.data_sha256)
        if not climbs_as_a_set(offer.loss, offer.half_width, best.loss if best else None):
            return False
    elif row.data_sha256 == offer.data_sha256 and not _better(board, row, offer):
        return False
    put(session, board, team_id, offer)
    return True


def raise_to(session: Session, board: Board, team_id: int, offer: Offer) -> None:
    """What was shown before is shown on new data, too: the highest of these is the rung."""
    row = session.get(RungRow, (board.slug, board.run_kind, team_id), with_for_update=True)
    if row is None or row.data_sha256 != offer.data_sha256 or offer.loss < row.loss:
        put(session, board, team_id, offer)


def forget(session: Session, board: Board, regrade_id: int) -> None:
    """Take away the rungs that were scores of this set's, before these are replaced: they no longer hold."""
    query = (
        select(RungRow)
        .join(SubmissionRow, SubmissionRow.team_id == RungRow.team_id)
        .join(RegradeItemRow, RegradeItemRow.submission_id == SubmissionRow.id)
        .join(JudgingRow, COUNTS)
        .join(ScoreRow, ScoreRow.judging_id == JudgingRow.id)
        .where(RungRow.assignment == board.slug, RungRow.run_kind == board.run_kind)
        .where(SubmissionRow.assignment == board.slug, SubmissionRow.run_kind == board.run_kind)
        .where(RegradeItemRow.regrade_id == regrade_id, RegradeItemRow.judging_id.is_not(None))
        .where(ScoreRow.split == PUBLIC, ScoreRow.metric == board.assignment.metric.name)
        .where(SubmissionRow.released.is_(True), RungRow.loss == board.sign * ScoreRow.value)
    )
    for row in session.scalars(query).unique().all():
        session.delete(row)
    session.flush()


def restore(session: Session, board: Board, team_id: int, data_sha256: str) -> None:
    """No lower than what the public board has shown: what was not judged again counts, too."""
    best = _shown(session, board, team_id, data_sha256)
    if best is not None:
        raise_to(session, board, team_id, best)


def put_back(session: Session, board: Board, team_id: int, data_sha256: str) -> None:
    """To the best that was released and still counts as the team's own; there may be none."""
    row = session.get(RungRow, (board.slug, board.run_kind, team_id), with_for_update=True)
    if row is not None and row.data_sha256 == data_sha256:
        session.delete(row)
        session.flush()
        restore(session, board, team_id, data_sha256)


def _shown(session: Session, board: Board, team_id: int, data_sha256: str) -> Offer | None:
    """The best that was released of the team on these data, without its items; old courses have no rungs."""
    loss = board.sign * ScoreRow.value
    query = (
        select(loss, ScoreRow.half_width)
        .join(JudgingRow, JudgingRow.id == ScoreRow.judging_id)
        .join(SubmissionRow, COUNTS)
        .where(judged(board), SubmissionRow.team_id == team_id, SubmissionRow.released.is_(True))
        .where(ScoreRow.split == PUBLIC, ScoreRow.metric == board.assignment.metric.name)
        .where(JudgingRow.data_sha256 == data_sha256, JudgingRow.same_as == "")
        .order_by(loss)
        .limit(1)
    )
    found = session.execute(query).one_or_none()
    return Offer(found[0], found[1], None, data_sha256) if found else None


def put(session: Session, board: Board, team_id: int, offer: Offer) -> None:
    session.merge(
        RungRow(
            assignment=board.slug,
            run_kind=board.run_kind,
            team_id=team_id,
            loss=offer.loss,
            losses=packed(offer.losses),
            data_sha256=offer.data_sha256,
        )
    )


def packed(losses: Losses | None) -> bytes | None:
    return None if losses is None else losses.astype("<f4").tobytes()


def unpacked(losses: bytes | None) -> Losses | None:
    return None if losses is None else np.frombuffer(losses, "<f4")


def _better(board: Board, row: RungRow, offer: Offer) -> bool:
    behind = unpacked(row.losses)
    if offer.losses is None or behind is None:
        return climbs_as_a_set(offer.loss, offer.half_width, row.loss)
    rung = Rung(float(behind.mean(dtype=np.float64)), behind)
    return climbs(offer.losses, rung, block=board.assignment.block)
