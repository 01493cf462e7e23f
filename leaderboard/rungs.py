"""Each team's rung of the Ladder in the ledger: see `ladder.py`. Inside the caller's transaction."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from grader.report import Report
from leaderboard.boards import Board
from leaderboard.ladder import Losses, Rung, climbs, climbs_as_a_set
from leaderboard.tables import RungRow


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
    if row is not None and row.data_sha256 == offer.data_sha256 and not _better(board, row, offer):
        return False
    put(session, board, team_id, offer)
    return True


def raise_to(session: Session, board: Board, team_id: int, offer: Offer) -> None:
    """What was shown before is shown on new data, too: the highest of these is the rung."""
    row = session.get(RungRow, (board.slug, board.run_kind, team_id), with_for_update=True)
    if row is None or row.data_sha256 != offer.data_sha256 or offer.loss < row.loss:
        put(session, board, team_id, offer)


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
