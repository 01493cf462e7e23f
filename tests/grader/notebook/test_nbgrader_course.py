"""A course that nbgrader itself made is taken over whole, and graded."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbgrader
import pytest

from grader.catalogue import HOME
from grader.errors import HeldoutError
from grader.notebook.nbgrader_course import read_course, write_assignment
from grader.notebook.source import read_source

pytestmark = pytest.mark.thorough

BIN = Path(sys.executable).parent
PARTS = ("assignments", "baselines", "reference_solutions")
SOURCES = ("commands", "desk", "grader", "leaderboard", "server")
GRADEBOOK = """
import sys
from nbgrader.api import Gradebook
with Gradebook(sys.argv[1]) as book:
    book.add_student("bitdiddle", first_name="Ben", last_name="Bitdiddle", email="ben@example.org")
    book.add_assignment("ps1")
    book.add_notebook("problem2", "ps1")
    book.add_grade_cell("part-a", "problem2", "ps1", max_score=1, cell_type="markdown")
    book.add_solution_cell("part-a", "problem2", "ps1")
    book.add_submission("ps1", "bitdiddle")
    book.find_grade("part-a", "problem2", "ps1", "bitdiddle").manual_score = 1
    book.find_grade("part-a", "problem2", "ps1", "bitdiddle").extra_credit = 0.5
    book.find_comment("part-a", "problem2", "ps1", "bitdiddle").manual_comment = "well said"
    book.db.commit()
"""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """nbgrader's quickstart, with two students: one has the teacher's answers, one others."""
    course = tmp_path_factory.mktemp("nbgrader") / "course101"
    # What `nbgrader quickstart` copies; starting it takes far longer.
    shipped = Path(nbgrader.__file__).parent / "docs/source/user_guide/source"
    shutil.copytree(shipped, course / "source", ignore=shutil.ignore_patterns("ps1_autotest"))
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    for student, right in (("bitdiddle", True), ("hacker", False)):
        theirs = course / "submitted" / student / "ps1"
        theirs.mkdir(parents=True)
        (theirs / "timestamp.txt").write_text("2015-02-02 15:58:23.948203 UTC")
        for path in (course / "source" / "ps1").glob("*.ipynb"):
            (theirs / path.name).write_text(path.read_text() if right else _unsolved(path))
    script = [sys.executable, "-c", GRADEBOOK, f"sqlite:///{course / 'gradebook.db'}"]
    subprocess.run(script, env=environment, check=True, capture_output=True)
    return course


def _unsolved(path: Path) -> str:
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution") and cell["cell_type"] == "code":
            cell["source"] = "def squares(n):\n    return [1]"
    return json.dumps(notebook)


class Ours:
    """A course of ours, beside a copy of our own code: what is taken over becomes a part of that."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._home = folder / "course", folder / "home"
        self._home.mkdir()
        for part in (*PARTS, *SOURCES):
            shutil.copytree(HOME / part, self._home / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copyfile(HOME / "cli.py", self._home / "cli.py")
        self("course", "init", str(self.folder), "--assignment", "mnist1d", "--items", "256")

    def __call__(self, *words: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(self._home), "HELDOUT_COURSE": str(self.folder)}
        command = [sys.executable, "-m", "cli", *words]
        found = subprocess.run(command, cwd=self._home, env=environment, capture_output=True, text=True)
        assert found.returncode == 0, found.stderr
        return found.stdout


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Ours:
    return Ours(tmp_path_factory.mktemp("ours"))


def test_all_of_it_is_found(old: Path) -> None:
    found = read_course(old)
    assert [one.slug for one in found.sources] == ["ps1-problem1", "ps1-problem2"]
    assert [(one.id, one.name, one.email) for one in found.pupils] == [
        ("bitdiddle", "Ben Bitdiddle", "ben@example.org"),
        ("hacker", "hacker", "hacker@students.invalid"),
    ]
    assert len(found.handed_in) == 4
    assert {str(one.at) for one in found.handed_in} == {"2015-02-02 15:58:23.948203+00:00"}
    assert [path.name for path in found.sources[0].beside] == ["jupyter.png"]


def test_it_becomes_a_course_of_ours_and_is_graded(old: Path, ours: Ours) -> None:
    assert "2 new students, 4 new submissions" in ours("notebooks", "import", str(old))
    assert "Graded 4." in ours("grade", "--jobs", "2")
    listed = json.loads(ours("notebooks", "points", "ps1-problem1", "--format", "json"))
    assert [(one["team"], one["points"], one["pending"]) for one in listed] == [
        ("Ben Bitdiddle", 3.0, 3),
        ("hacker", 0.5, 3),  # the test that `squares` is used passes where nothing is defined
    ]
    again = ours("notebooks", "import", str(old))
    assert "0 new students, 0 new submissions, points for 1 cells" in again
    other = json.loads(ours("notebooks", "points", "ps1-problem2", "--format", "json"))
    assert [(one["points"], one["pending"]) for one in other] == [(1.0, 1), (0.0, 2)], (
        "what was given by hand"
    )
    ours("notebooks", "release", "ps1-problem1")
    told = ours("start", "ps1-problem1", str(ours.folder.parent / "start"))
    assert "work in notebook.ipynb" in told
    assert "train.py" not in told
    there = {path.name for path in (ours.folder.parent / "start").iterdir()}
    assert {"notebook.ipynb", "jupyter.png", "README.md"} <= there


def test_tests_that_nbgrader_would_write_are_not_taken_for_tests(tmp_path: Path) -> None:
    shipped = Path(nbgrader.__file__).parent / "docs/source/user_guide/source/ps1_autotest"
    with pytest.raises(HeldoutError) as caught:
        read_source(shipped / "problem1.ipynb")
    assert "autotest" in caught.value.where


def test_a_folder_that_is_no_course_says_so(tmp_path: Path) -> None:
    with pytest.raises(HeldoutError, match="no notebook to take over"):
        read_course(tmp_path)


def test_a_gradebook_that_is_none_says_so(old: Path, tmp_path: Path) -> None:
    (tmp_path / "source").symlink_to(old / "source")
    (tmp_path / "gradebook.db").write_text("no database")
    with pytest.raises(HeldoutError) as caught:
        read_course(tmp_path)
    assert "gradebook can't be read" in caught.value.what


def test_an_assignment_that_is_there_stays_as_it_is(old: Path, tmp_path: Path) -> None:
    [source, _] = read_course(old).sources
    folder = write_assignment(source, tmp_path)
    (folder / "README.md").write_text("mine")
    assert (write_assignment(source, tmp_path) / "README.md").read_text() == "mine"
