"""Whose answers are a public reference solution's: these take no rank. Inside the caller's transaction.

Baselines are left out: two people who write a median filter write the same one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from grader.report import Verdict
from leaderboard import rungs
from leaderboard.boards import Board
from leaderboard.candidates import COUNTS, PUBLIC, judged
from leaderboard.integrity.agreement import COUNTED, ROUNDING, Items, equal_pairs
from leaderboard.records import TeamKind
from leaderboard.tables import (
    ItemScoresRow,
    JudgingRow,
    PictureRow,
    ScoreRow,
    SubmissionRow,
    TeamRow,
)

NEARLY_ALL = 0.99
FEW_VALUES = 10


@dataclass(frozen=True)
class Answers:
    """What tells two models apart: items' scores, the figures of both boards, or what was drawn."""

    items: Mapping[str, bytes]  # empty where they are no longer kept, or never were
    figures: Mapping[str, float]
    pictures: Mapping[str, bytes]


def mark(session: Session, board: Board, judgings: Iterable[JudgingRow]) -> None:
    """Note in each of these judgings of students' which reference's answers it found, if any's."""
    known = [
        (name, judging.data_sha256, _answers(session, judging), _archive(session, judging))
        for judging, name in _references(session, board)
    ]
    for judging in judgings:
        own, archive = _answers(session, judging), _archive(session, judging)
        same = (
            name
            for name, data, answers, sha256 in known
            if archive == sha256 or (data == judging.data_sha256 and _equal(board, own, answers))
        )
        was, judging.same_as = judging.same_as, next(same, "")
        if judging.same_as and not was:
            _step_down(session, board, judging)


def _archive(session: Session, judging: JudgingRow) -> str:
    """A train run of the same code has other answers: its bytes tell."""
    return session.get_one(SubmissionRow, judging.submission_id).sha256


def _step_down(session: Session, board: Board, judging: JudgingRow) -> None:
    """Who tried a reference needn't beat it to be shown: the rung is that of the team's own."""
    submission = session.get_one(SubmissionRow, judging.submission_id)
    if submission.released:
        session.flush()
        rungs.put_back(session, board, submission.team_id, judging.data_sha256)


def mark_everybody(session: Session, board: Board) -> None:
    """The same for all that may have a reference's answers, when one or its judging is new."""
    found = {judging.id: judging for judging in _students(session, board, JudgingRow.same_as != "")}
    for reference, _ in _references(session, board):
        near = JudgingRow.id.in_(_near(session, board, reference))
        same_data = JudgingRow.data_sha256 == reference.data_sha256
        same_bytes = SubmissionRow.sha256 == _archive(session, reference)
        found |= {one.id: one for one in _students(session, board, (near & same_data) | same_bytes)}
    mark(session, board, found.values())


def _near(session: Session, board: Board, reference: JudgingRow) -> Select[int]:
    """Judgings with the reference's public score; where the run's luck is part of it, one of its pictures."""
    if not board.assignment.repeatable:
        drawn = select(PictureRow.png).where(PictureRow.judging_id == reference.id)
        return select(PictureRow.judging_id).where(PictureRow.png.in_(drawn))
    name = board.assignment.metric.name
    value = session.get_one(ScoreRow, (reference.id, PUBLIC, name)).value
    width = COUNTED * (1 + abs(value))
    within = ScoreRow.value.between(value - width, value + width)
    return select(ScoreRow.judging_id).where(ScoreRow.split == PUBLIC, ScoreRow.metric == name, within)


def _references(session: Session, board: Board) -> list[tuple[JudgingRow, str]]:
    """By their teams' numbers: a database might look through everybody's."""
    kinds = select(TeamRow.id, TeamRow.name).where(TeamRow.kind == TeamKind.REFERENCE)
    names = dict(session.execute(kinds).all())
    query = _judgings(board).where(SubmissionRow.team_id.in_(names))
    return [(judging, names[team_id]) for judging, team_id in session.execute(query)]


def _students(session: Session, board: Board, which: ColumnElement[bool]) -> list[JudgingRow]:
    students = select(TeamRow.id).where(TeamRow.kind == TeamKind.STUDENT)
    query = _judgings(board).where(which, SubmissionRow.team_id.in_(students))
    return [judging for judging, _ in session.execute(query)]


def _judgings(board: Board) -> Select[JudgingRow, int]:
    """Those that count and found scores, with their teams."""
    return (
        select(JudgingRow, SubmissionRow.team_id)
        .join(SubmissionRow, COUNTS)
        .where(judged(board), JudgingRow.verdict == Verdict.SCORED)
    )


def _answers(session: Session, judging: JudgingRow) -> Answers:
    items = select(ItemScoresRow.metric, ItemScoresRow.values).where(ItemScoresRow.judging_id == judging.id)
    pictures = select(PictureRow.name, PictureRow.png).where(PictureRow.judging_id == judging.id)
    scores = session.scalars(select(ScoreRow).where(ScoreRow.judging_id == judging.id))
    return Answers(
        dict(session.execute(items).all()),
        {f"{row.split} {row.metric}": row.value for row in scores},
        dict(session.execute(pictures).all()),
    )


def _equal(board: Board, one: Answers, other: Answers) -> bool:
    """By items where both have them; by all figures where one has none."""
    if not board.assignment.repeatable:
        return bool(one.pictures) and one.pictures == other.pictures
    if one.items.keys() == other.items.keys() and one.items:
        pairs = [[np.frombuffer(each.items[name], "<f4") for each in (one, other)] for name in one.items]
        return all(len(first) == len(second) for first, second in pairs) and _alike(pairs)
    if one.figures.keys() != other.figures.keys():
        return False
    figures = np.array([[each.figures[name] for name in one.figures] for each in (one, other)])
    return any(equal_pairs([figures], ROUNDING if one.items or other.items else COUNTED))


def _alike(pairs: Sequence[Sequence[Items]]) -> bool:
    """Whether items are equal by every metric: nearly all of them, lest a little noise should do.

    Where metrics have few values, right or wrong say, models agree on most items anyway: then all.
    """
    equal = np.all([np.abs(one - other) <= ROUNDING * (1 + np.abs(one)) for one, other in pairs], axis=0)
    telling = any(len(np.unique(one)) > FEW_VALUES for one, _ in pairs)
    return bool(equal.mean() >= (NEARLY_ALL if telling else 1.0))
