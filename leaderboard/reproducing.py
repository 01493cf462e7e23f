"""What came of repeating a judging, kept in the ledger. Inside the caller's transaction."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from grader.spec import Assignment
from leaderboard import standings
from leaderboard.boards import Board
from leaderboard.people import note
from leaderboard.reproductions import Reproduction
from leaderboard.rulings import find
from leaderboard.tables import JudgingRow, ReproductionRow


def note_down(
    session: Session, repeated: tuple[int, int], found: Reproduction, assignment: Assignment, now: datetime
) -> None:
    """Of a submission's attempt: another one may count by now. Boards follow. Raises NotFound."""
    ref, attempt = repeated
    submission = find(session, ref)
    board = Board(assignment, submission.run_kind)
    standings.board_row(session, board, now)
    judging = session.scalars(
        select(JudgingRow).where(JudgingRow.submission_id == ref, JudgingRow.attempt == attempt)
    ).one()
    judging.reproduced = found.same
    session.add(ReproductionRow(judging_id=judging.id, same=found.same, found=asdict(found), at=now))
    note(session, now, "reproduced", f"#{ref}", same=found.same)
    standings.restand(session, board, [submission.team_id], now)
