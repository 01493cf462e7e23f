"""Whose answers are a public reference solution's: these take no rank. Inside the caller's transaction.

Baselines are left out: two people who write a median filter write the same one.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from grader.report import Verdict
from leaderboard.boards import Board
from leaderboard.candidates import COUNTS, judged
from leaderboard.integrity.agreement import COUNTED, ROUNDING, equal_pairs
from leaderboard.records import TeamKind
from leaderboard.tables import (
    ItemScoresRow,
    JudgingRow,
    PictureRow,
    ScoreRow,
    SubmissionRow,
    TeamRow,
)

Answers = Mapping[str, bytes]


def mark(session: Session, board: Board, judgings: Sequence[JudgingRow]) -> None:
    """Note in each of these judgings of students' which reference's answers it found, if any's."""
    known = [
        (name, judging.data_sha256, _answers(session, board, judging.id))
        for judging, name in _references(session, board)
    ]
    for judging in judgings:
        own = _answers(session, board, judging.id)
        same = (
            name
            for name, data, answers in known
            if data == judging.data_sha256 and _equal(board, own, answers)
        )
        judging.same_as = next(same, "")


def mark_everybody(session: Session, board: Board) -> None:
    """The same for all that may count, when a reference solution has been judged."""
    counts = SubmissionRow.released.is_(True) | SubmissionRow.selected_at.is_not(None)
    students = select(TeamRow.id).where(TeamRow.kind == TeamKind.STUDENT)
    query = _judgings(board).where(counts, SubmissionRow.team_id.in_(students))
    mark(session, board, [judging for judging, _ in session.execute(query)])


def _references(session: Session, board: Board) -> list[tuple[JudgingRow, str]]:
    """By their teams' numbers: a database might look through everybody's."""
    kinds = select(TeamRow.id, TeamRow.name).where(TeamRow.kind == TeamKind.REFERENCE)
    names = dict(session.execute(kinds).all())
    query = _judgings(board).where(SubmissionRow.team_id.in_(names))
    return [(judging, names[team_id]) for judging, team_id in session.execute(query)]


def _judgings(board: Board) -> Select[JudgingRow, int]:
    """Those that count and found scores, with their teams."""
    return (
        select(JudgingRow, SubmissionRow.team_id)
        .join(SubmissionRow, COUNTS)
        .where(judged(board), JudgingRow.verdict == Verdict.SCORED)
    )


def _answers(session: Session, board: Board, judging_id: int) -> Answers:
    """What tells two models apart: items' scores, a set's figures, or what was drawn where luck decides."""
    if not board.assignment.repeatable:
        drawn = select(PictureRow.name, PictureRow.png).where(PictureRow.judging_id == judging_id)
        return dict(session.execute(drawn).all())
    query = select(ItemScoresRow.metric, ItemScoresRow.values)
    if found := dict(session.execute(query.where(ItemScoresRow.judging_id == judging_id)).all()):
        return found
    scores = session.scalars(select(ScoreRow).where(ScoreRow.judging_id == judging_id))
    figures = {f"{row.split} {row.metric}": row.value for row in scores}
    return {"figures": np.array([figures[name] for name in sorted(figures)], "<f4").tobytes()}


def _equal(board: Board, one: Answers, other: Answers) -> bool:
    if not one or one.keys() != other.keys():
        return False
    if not board.assignment.repeatable:
        return one == other
    rounding = COUNTED if "figures" in one else ROUNDING
    pairs = [(np.frombuffer(one[name], "<f4"), np.frombuffer(other[name], "<f4")) for name in one]
    if any(len(first) != len(second) for first, second in pairs):
        return False
    return any(equal_pairs([np.stack(pair) for pair in pairs], rounding))
