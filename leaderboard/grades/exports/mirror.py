"""A gradebook.db of nbgrader's own, so that `nbgrader export` and its tools show the board's points.

nbgrader's CSV puts nothing between quotes: a comma in a name would move a student's columns, and a formula
would stay one. Names are changed so that neither happens; usernames, which tell students apart, are refused.
"""

import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from nbgrader.api import Gradebook
from sqlalchemy import text
from sqlalchemy.exc import SAWarning

from grader.errors import HeldoutError
from leaderboard.grades.exports.spreadsheet import protect
from leaderboard.grades.policy import GivenItem, Item
from leaderboard.grades.records import Applied, Book, GradeEvent
from leaderboard.plain import one_line

NOTEBOOK, CELL = "board", "points"  # each item has one notebook with one graded cell


def write_mirror(book: Book, target: Path) -> Path:
    """Write `target` anew, or leave what was there: it is renamed into place once it is complete.

    Raises HeldoutError for a username that nbgrader's CSV can't carry.
    """
    _check_names(book)
    _check_items(book)
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as folder:
        draft = Path(folder) / "gradebook.db"
        with _at_home(), Gradebook(f"sqlite:///{draft}") as gradebook:
            gradebook.db.execute(text("PRAGMA synchronous = OFF"))  # it commits at every step
            for item in book.file.policy.items:
                _add_item(gradebook, item)
            for one in book.students:
                _add_student(gradebook, one)
        draft.chmod(0o600)
        os.replace(draft, target)
    return target


@contextmanager
def _at_home() -> Iterator[None]:
    """nbgrader asks the program `alembic` for its schema's version: this environment's, not just any."""
    before = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # of how it puts its own objects together
            yield
    finally:
        os.environ["PATH"] = before


def _check_names(book: Book) -> None:
    for one in book.students:
        if re.search(r"[,\"\r\n]", one.pupil.username) or protect(one.pupil.username) != one.pupil.username:
            raise HeldoutError(
                f"nbgrader's CSV can't carry the username {one.pupil.username!r}",
                expected="one without commas and quotes that doesn't begin like a formula",
                next_step="export another format",
            )


def _check_items(book: Book) -> None:
    names = [file_name(item.name) for item in book.file.policy.items]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise HeldoutError(
            f"two items would be {twice[0]} for nbgrader",
            expected="names that differ in letters and digits",
            next_step="rename one in the policy",
        )


def _add_item(gradebook: Gradebook, item: Item) -> None:
    name = file_name(item.name)
    due = None if isinstance(item, GivenItem) else item.deadline
    gradebook.add_assignment(name, duedate=due.isoformat() if due else None)
    gradebook.add_notebook(NOTEBOOK, name)
    gradebook.add_grade_cell(CELL, NOTEBOOK, name, max_score=item.points, cell_type="code")


def file_name(name: str) -> str:
    """nbgrader's assignments are folders, whose names have no spaces and no plus signs.

    >>> file_name("HW1 part 2")
    'HW1_part_2'
    """
    return re.sub(r"[^\w.-]", "_", name)


def _add_student(gradebook: Gradebook, one: Applied) -> None:
    first, _, last = one.pupil.name.rpartition(" ")
    gradebook.add_student(
        one.pupil.username, first_name=_plain(first), last_name=_plain(last), email=_plain(one.pupil.email)
    )
    for item, event in one.grades.items():
        if event.total is not None:
            _add_grade(gradebook, file_name(item), one.pupil.username, event)


def _add_grade(gradebook: Gradebook, item: str, username: str, event: GradeEvent) -> None:
    """What was earned, and as the late penalty all that was taken off: the export shows what is left."""
    submission = gradebook.add_submission(item, username)
    [notebook] = submission.notebooks
    notebook.late_submission_penalty = event.penalty
    [grade] = notebook.grades
    grade.auto_score, grade.needs_manual_grade = (event.total or 0.0) + event.penalty, False
    gradebook.db.commit()


def _plain(text: str) -> str:
    return protect(one_line(text).replace(",", " ").replace('"', "'"))
