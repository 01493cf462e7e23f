"""The shipped notebooks: complete, no leak in the students' version; and, at length, solved and graded."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from grader import catalogue, kit
from grader.archive import pack_for
from grader.course import Config, Course, Settings, init
from grader.grade import grade
from grader.notebook.grade import grade_notebook
from grader.notebook.pack import pack_notebook
from grader.notebook.release import generate, leaks, release
from grader.notebook.source import NAME, Kind, read_source
from grader.prepared import load_data, prepare
from grader.report import CellState, Verdict
from grader.sandbox.probe import choose

SLUGS = ("cnn", "denoising", "gan", "rnn", "vae")


def source(slug: str) -> Path:
    return catalogue.HOME / "assignments" / slug / NAME


@pytest.mark.parametrize("slug", SLUGS)
def test_it_has_exercises_tests_and_questions(slug: str) -> None:
    found = read_source(source(slug))
    assert (found.automatic, found.manual) == (20.0, 10.0)
    kinds = [cell.kind for cell in found.cells]
    assert kinds.count(Kind.TEST) >= 6
    assert kinds.count(Kind.SOLUTION) >= 6
    assert kinds.count(Kind.ANSWER) >= 2
    assert sum(cell.hides for cell in found.cells) >= 4
    raw = json.loads(source(slug).read_bytes())
    assert not [cell for cell in raw["cells"] if cell.get("outputs") or cell.get("execution_count")]


@pytest.mark.parametrize("slug", SLUGS)
def test_the_students_version_tells_no_solution(slug: str) -> None:
    data = generate(source(slug))
    assert list(leaks(source(slug), data)) == []
    assert b"NotImplementedError" in data


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """All five, with few held-out items."""
    settings = {slug: Settings(items=256) for slug in SLUGS}
    made = init(tmp_path_factory.mktemp("notebooks") / "course", Config(assignments=settings))
    for slug in SLUGS:
        prepare(made, catalogue.find(slug))
    return made


@pytest.mark.soak
@pytest.mark.parametrize("slug", SLUGS)
def test_solved_it_has_all_points_and_its_submission_reaches_the_baseline(
    slug: str, course: Course, tmp_path: Path
) -> None:
    """As a student would: run in the folder of `heldout start`, the notebook and what it wrote handed in."""
    assignment = course.settle(catalogue.find(slug))
    beside = kit.bundle(kit.sources(course, assignment, 1, notebook=False))
    with closing(choose("zygote")) as sandbox:
        limits, budget = assignment.limits, assignment.notebook_budget
        released = release(source(slug), beside, sandbox=sandbox, limits=limits, budget=budget)
        assert released.complaints == ()
        archive = pack_notebook(source(slug), limit=budget.archive_bytes)
        report = grade_notebook(
            read_source(source(slug)), archive.data, beside, sandbox=sandbox, limits=limits, budget=budget
        )
        assert report.private["points"].value == 20.0, [one for one in report.cells if one.message]
        assert {one.state for one in report.cells} == {CellState.PASSED, CellState.MANUAL}
        model = _written(course, slug, tmp_path)
        scored = grade(
            assignment, pack_for(assignment, model).data, load_data(course, slug), sandbox=sandbox, run_seed=1
        )
    assert scored.verdict is Verdict.SCORED, scored.failure
    found = scored.public[assignment.metric.name]
    assert assignment.tier_of(found.value), f"{found} reaches no tier of {slug}"


def _written(course: Course, slug: str, folder: Path) -> Path:
    """The submission that the last cell writes, run by Jupyter itself."""
    for name, path in kit.sources(course, course.settle(catalogue.find(slug)), 1, notebook=False):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(path.read_bytes())
    (folder / NAME).write_bytes(source(slug).read_bytes())
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "JUPYTER_PATH": f"{sys.prefix}/share/jupyter"}
    command = [sys.executable, "-m", "jupyter", "execute", NAME]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=900)
    return folder / "submission"
