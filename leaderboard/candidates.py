"""What may stand on a board: a team's scored submissions that matter. Inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import stdev
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import Session, aliased

from grader.report import Estimate
from grader.rules import Counts
from leaderboard.boards import Board
from leaderboard.records import Candidate, State
from leaderboard.tables import JudgingRow, ScoreRow, SubmissionRow

PUBLIC, PRIVATE = "public", "private"
# The judging of a submission that counts.
COUNTS = (JudgingRow.submission_id == SubmissionRow.id) & (JudgingRow.attempt == SubmissionRow.judged_attempt)
Tally = tuple[int, datetime]  # entries, and when the latest was received


def judged(board: Board) -> ColumnElement[bool]:
    return (
        (SubmissionRow.assignment == board.slug)
        & (SubmissionRow.run_kind == board.run_kind)
        # Said by what it is not, or SQLite might look it up by state, which most submissions share.
        & SubmissionRow.state.not_in([state for state in State if state not in (State.SCORED, State.FAILED)])
        & SubmissionRow.deleted_at.is_(None)
    )


def tallies(session: Session, board: Board, teams: Sequence[int]) -> Mapping[int, Tally]:
    """By team: scored and failed submissions are what cost it an attempt."""
    query = (
        select(SubmissionRow.team_id, func.count(), func.max(SubmissionRow.received_at))
        .where(judged(board), SubmissionRow.team_id.in_(teams))
        .group_by(SubmissionRow.team_id)
    )
    return {team: (count, last) for team, count, last in session.execute(query)}


def candidates(session: Session, board: Board, teams: Sequence[int]) -> Mapping[int, list[Candidate]]:
    """By team, in the order received. Released and selected ones matter; all, where the last counts."""
    found: dict[int, list[Candidate]] = {}
    for row, judging, public, private in session.execute(_query(board, teams)):
        candidate = Candidate(
            row.id,
            judging.id,
            row.received_at,
            Estimate(public.value, public.half_width),
            Estimate(private.value, private.half_width),
            released=bool(row.released),
            selected=row.selected_at is not None,
            withdrawn=row.withdrawn_at is not None,
            same_as=judging.same_as,
            badges=_badges(row, judging),
            spread=_spread(judging.training),
        )
        found.setdefault(row.team_id, []).append(candidate)
    return found


def _query(board: Board, teams: Sequence[int]) -> Select[SubmissionRow, JudgingRow, ScoreRow, ScoreRow]:
    public, private = aliased(ScoreRow), aliased(ScoreRow)
    matters = SubmissionRow.released | SubmissionRow.selected_at.is_not(None)
    return (
        select(SubmissionRow, JudgingRow, public, private)
        .join(JudgingRow, COUNTS)
        .join(public, _of(public, board, PUBLIC))
        .join(private, _of(private, board, PRIVATE))
        .where(judged(board), SubmissionRow.team_id.in_(teams))
        .where(true() if board.rules.counts is Counts.LAST else matters)
        .order_by(SubmissionRow.received_at, SubmissionRow.id)
    )


def _of(score: type[ScoreRow], board: Board, split: str) -> ColumnElement[bool]:
    return (
        (score.judging_id == JudgingRow.id)
        & (score.split == split)
        & (score.metric == board.assignment.metric.name)
    )


def _badges(row: SubmissionRow, judging: JudgingRow) -> tuple[str, ...]:
    found = {
        "unsandboxed": judging.launcher == "none",
        "starter-only": row.starter,
        "not deterministic": judging.reproduced is False,
    }
    return tuple(name for name, holds in found.items() if holds)


def _spread(training: Mapping[str, Any]) -> Mapping[str, float]:
    """The standard deviation of its trainings' scores, where there were several.

    Of the public ones a digit: with more of them it would tell of items what the board's score does not.
    """
    every = [training, *training.get("further", ())]
    if len(every) == 1:
        return {}
    public, private = (stdev(one[split] for one in every) for split in (PUBLIC, PRIVATE))
    return {PUBLIC: float(f"{public:.1g}"), PRIVATE: private}
