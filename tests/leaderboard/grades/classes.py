"""Policies and classes that several tests of grades need."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from grader.spec import Assignment
from leaderboard.grades.facts import Attempt, Entered, Facts, Pupil, Work
from leaderboard.grades.policy_file import PolicyFile, parse_policy
from leaderboard.grades.sheets import Sheet, grade
from leaderboard.grades.terms import Assignments, Terms, settle
from tests.leaderboard.cases import KID, PSNR, assignment

DUE = datetime(2026, 11, 20, 18, tzinfo=UTC)
ITEM = """
[[items]]
name = "HW1"
kind = "score"
assignment = "denoising"
curve = [["baseline", 50], ["reference", 100]]
"""
GIVEN = '\n[[items]]\nname = "Essay"\nkind = "given"\npoints = 20\n'


def known(slug: str) -> Assignment:
    """Denoising by PSNR: baseline 17.8, pass 18.7, reference 19.7; gan by a KID that is to be low."""
    found = assignment(PSNR if slug != "gan" else KID)
    return replace(found, slug=slug)


def policy(text: str = ITEM, find: Assignments = known) -> tuple[PolicyFile, list[Terms]]:
    file = parse_policy(text)
    return file, settle(file, find)


def pupil(name: str, number: int = 1) -> Pupil:
    return Pupil(number, name, name.title(), f"{name}@example.org", name.title())


def work(*scores: tuple[float, float] | float, early: bool = True, due: datetime | None = DUE) -> Work:
    """Attempts by score and days after the deadline; those without days are an hour before it."""
    pairs = [one if isinstance(one, tuple) else (one, -1 / 24) for one in scores]
    attempts = [
        Attempt(number, score, DUE + timedelta(days=days), number)
        for number, (score, days) in enumerate(pairs, start=1)
    ]
    return Work(tuple(attempts), due, early)


def graded(
    text: str,
    students: Mapping[str, Mapping[str, Work]],
    entered: Mapping[str, Mapping[str, float]] | None = None,
    find: Assignments = known,
) -> dict[str, Sheet]:
    """Sheets by username."""
    file, terms = policy(text, find)
    made = {
        name: {item: Entered(points, "ines", DUE, "why") for item, points in own.items()}
        for name, own in (entered or {}).items()
    }
    pupils = [pupil(name, number) for number, name in enumerate(students, start=1)]
    sheets = grade(file.policy, terms, Facts(pupils, students, made))
    return {sheet.pupil.username: sheet for sheet in sheets}


def totals(sheets: Mapping[str, Sheet], item: str) -> dict[str, Any]:
    return {name: sheet.grade(item).total for name, sheet in sheets.items()}
