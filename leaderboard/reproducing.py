"""What came of repeating a judging, kept in the ledger. Inside the caller's transaction."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from grader.spec import Assignment
from leaderboard import standings
from leaderboard.boards import Board
from leaderboard.candidates import COUNTS
from leaderboard.people import note
from leaderboard.reproductions import Reproduction
from leaderboard.rulings import find
from leaderboard.tables import JudgingRow, ReproductionRow, SubmissionRow


def note_down(session: Session, ref: int, found: Reproduction, assignment: Assignment, now: datetime) -> None:
    """Of the judging that counts. Boards follow. Raises NotFound."""
    submission = find(session, ref)
    board = Board(assignment, submission.run_kind)
    standings.board_row(session, board, now)
    judging = session.scalars(
        select(JudgingRow).join(SubmissionRow, COUNTS).where(SubmissionRow.id == ref)
    ).one()
    judging.reproduced = found.same
    session.add(ReproductionRow(judging_id=judging.id, same=found.same, found=asdict(found), at=now))
    note(session, now, "reproduced", f"#{ref}", same=found.same)
    standings.restand(session, board, [submission.team_id], now)
