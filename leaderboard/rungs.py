"""Each team's rung of the Ladder in the ledger: see `ladder.py`. Inside the caller's transaction."""

import numpy as np
from sqlalchemy.orm import Session

from grader.report import Report
from leaderboard.boards import Board
from leaderboard.ladder import Losses, Rung, climbs, climbs_as_a_set
from leaderboard.tables import RungRow


def climb(session: Session, board: Board, team_id: int, report: Report) -> bool:
    """Whether the public board may show this report; then the next one is compared with it."""
    row = session.get(RungRow, (board.slug, board.run_kind, team_id), with_for_update=True)
    found = report.public[board.assignment.metric.name]
    loss = board.sign * found.value
    if row is not None and row.data_sha256 == report.data_sha256 and not _better(board, row, report, loss):
        return False
    put(session, board, team_id, loss, report.losses, report.data_sha256)
    return True


def put(
    session: Session, board: Board, team_id: int, loss: float, losses: Losses | None, data_sha256: str
) -> None:
    session.merge(
        RungRow(
            assignment=board.slug,
            run_kind=board.run_kind,
            team_id=team_id,
            loss=loss,
            losses=None if losses is None else losses.astype("<f4").tobytes(),
            data_sha256=data_sha256,
        )
    )


def _better(board: Board, row: RungRow, report: Report, loss: float) -> bool:
    if report.losses is None or row.losses is None:
        half_width = report.public[board.assignment.metric.name].half_width
        return climbs_as_a_set(loss, half_width, row.loss)
    behind = np.frombuffer(row.losses, "<f4")
    return climbs(
        report.losses, Rung(float(behind.mean(dtype=np.float64)), behind), block=board.assignment.block
    )
