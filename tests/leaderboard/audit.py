"""What has to hold of a ledger whatever happened to it, worked out from its rows alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Row, text

from grader.archive import fetch
from grader.report import Report
from grader.scoring.statistics import tie_groups
from leaderboard.claims import ATTEMPTS
from leaderboard.database import Database
from leaderboard.reading import board
from tests.leaderboard.crowd import Given
from tests.leaderboard.victims import Course, report_of, rushed

SUBMISSIONS = """
    SELECT s.id, t.name AS team, s.sha256, s.state, s.attempts, s.judged_attempt, s.released, s.holder,
           s.lease_until
    FROM submissions s JOIN teams t ON t.id = s.team_id ORDER BY s.id
"""
JUDGINGS = """
    SELECT j.submission_id, j.attempt, j.verdict, j.run_seed, p.value AS public, q.value AS private
    FROM judgings j
    LEFT JOIN scores p ON p.judging_id = j.id AND p.split = 'public'
    LEFT JOIN scores q ON q.judging_id = j.id AND q.split = 'private'
    ORDER BY j.submission_id, j.attempt
"""


Found = Row[Any]


@dataclass(frozen=True)
class Audit:
    submissions: int
    lost: int  # attempts whose lease ran out
    parked: int  # submissions that lost as many as they have


def audit(course: Course, given: Sequence[Given]) -> Audit:
    """Assert that each receipt holds, each submission is judged, each attempt once, the board is right."""
    rows, judgings = read(course)
    check_receipts(course, given, rows)
    reports = {one.receipt.ref: report_of(one.data) for one in given}
    scored = [row for row in rows if _check_judged(row, judgings[row.id], reports[row.id])]
    _check_board(course, scored, reports)
    lost = sum(judging.run_seed is None for found in judgings.values() for judging in found)
    return Audit(len(rows), lost, len(rows) - len(scored))


def read(course: Course) -> tuple[Sequence[Found], dict[int, list[Found]]]:
    with closing(Database(course.url)) as database, database.connection() as connection:
        rows = connection.execute(text(SUBMISSIONS)).all()
        judgings: dict[int, list[Found]] = {row.id: [] for row in rows}
        for judging in connection.execute(text(JUDGINGS)):
            judgings[judging.submission_id].append(judging)
    return rows, judgings


def check_receipts(course: Course, given: Sequence[Given], rows: Sequence[Found]) -> None:
    """Each receipt has its row and its bytes; each archive is there once, though it was sent again."""
    for one in given:
        assert fetch(course.shelf, one.receipt.sha256) == one.data
    assert {row.id: (row.team, row.sha256) for row in rows} == {
        one.receipt.ref: (one.team, one.receipt.sha256) for one in given
    }
    assert len(rows) == len(given)


def _check_judged(row: Found, judgings: Sequence[Found], report: Report) -> bool:
    """True when it was scored; False when it was parked, having lost every attempt that it has."""
    assert (row.holder, row.lease_until) == (None, None)
    assert [judging.attempt for judging in judgings] == [*range(1, row.attempts + 1)]
    assert row.judged_attempt == row.attempts
    lost = [judging for judging in judgings if judging.run_seed is None]
    assert all((judging.verdict, judging.public) == ("grader error", None) for judging in lost)
    if row.state == "grader error":
        assert len(lost) == len(judgings) == ATTEMPTS
        return False
    assert (row.state, lost) == ("scored", judgings[:-1])
    assert judgings[-1].public == pytest.approx(report.public["psnr"].value)
    assert judgings[-1].private == pytest.approx(report.private["psnr"].value)
    return True


def _check_board(course: Course, scored: Sequence[Found], reports: Mapping[int, Report]) -> None:
    """Without looking for ties: the last grader has done so before it went."""
    with closing(Database(course.url)) as database, database.connection() as connection:
        assert not connection.scalar(text("SELECT count(*) FROM boards WHERE ties_stale"))
        rungs = connection.execute(
            text("SELECT t.name, r.loss FROM rungs r JOIN teams t ON t.id = r.team_id")
        )
        losses = {row.name: row.loss for row in rungs}
    best: dict[str, Report] = {}
    for row in scored:
        if row.released and (row.team not in best or _loss(reports[row.id]) < _loss(best[row.team])):
            best[row.team] = reports[row.id]
    with course.store() as store:
        told = board(store, rushed())
    assert {row.team: -row.score for row in told} == {team: _loss(report) for team, report in best.items()}
    assert losses == pytest.approx({team: _loss(report) for team, report in best.items()}, abs=1e-6)
    assert {row.team: row.entries for row in told} == Counter(row.team for row in scored)
    assert {row.team: row.rank for row in told} == _ranks(best)


def _loss(report: Report) -> float:
    return -report.public["psnr"].value


def _ranks(best: Mapping[str, Report]) -> dict[str, int]:
    """A group's teams share the place of its first."""
    teams = sorted(best, key=lambda team: _loss(best[team]))
    resampled = -np.stack([best[team].resampled["public"] for team in teams]).astype(np.float64)
    groups = tie_groups(resampled, np.array([_loss(best[team]) for team in teams]))
    return {team: 1 + int((groups < group).sum()) for team, group in zip(teams, groups, strict=True)}
