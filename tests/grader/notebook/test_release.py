"""The students' version: nothing of a solution or a hidden test in it, and it runs with nothing solved."""

import json
from pathlib import Path

import pytest

from grader.errors import HeldoutError
from grader.kit import bundle
from grader.notebook.release import Released, release
from grader.notebook.source import read_source, text_of
from grader.outline import NotebookBudget
from grader.sandbox import Sandbox
from grader.spec import Limits
from tests.grader.notebook.course import Raw, cell, dumped, place, solution, students, teachers


@pytest.fixture
def make(sandbox: Sandbox, tmp_path: Path):  # type: ignore[no-untyped-def]
    def made(raw: Raw) -> Released:
        path = tmp_path / "notebook.ipynb"
        path.write_bytes(dumped(raw))
        (tmp_path / "README.md").write_text("statement")
        beside = bundle([("README.md", tmp_path / "README.md")])
        return release(
            path, beside, sandbox=sandbox, limits=Limits(), budget=NotebookBudget(cell_seconds=2.0)
        )

    return made


def test_solutions_and_hidden_tests_are_taken_out(make) -> None:  # type: ignore[no-untyped-def]
    found = make(teachers())
    assert (found.complaints, found.warnings) == ((), ())
    text = found.data.decode()
    for gone in ("CANARY", "hidden_input", "return x * x", "Because it is", "BEGIN"):
        assert gone not in text
    assert "three squared is nine" in text
    released = json.loads(found.data)["cells"]
    [answer] = [text_of(one) for one in released if one["id"] == "square"]
    assert answer.endswith("raise NotImplementedError()")


def test_it_can_be_graded(make, grade) -> None:  # type: ignore[no-untyped-def]
    report = grade(make(teachers()).data)
    assert [one.points for one in report.cells] == [0.0] * 4


def broken() -> Raw:
    raw = teachers()
    raw["cells"].insert(0, cell("code", "import a_module_that_is_not_there"))
    return raw


def endless() -> Raw:
    raw = teachers()
    raw["cells"].insert(0, cell("code", "while True: pass"))
    return raw


COMPLAINTS = {
    "an import that fails": (broken, "raises ModuleNotFoundError"),
    "a cell that never ends": (endless, "takes too long"),
}


@pytest.mark.parametrize("name", COMPLAINTS)
def test_what_must_not_be_handed_out(name: str, make) -> None:  # type: ignore[no-untyped-def]
    raw, words = COMPLAINTS[name]
    assert any(words in line for line in make(raw()).complaints)


def test_what_stands_elsewhere_in_the_source_is_no_secret(make) -> None:  # type: ignore[no-untyped-def]
    raw = teachers()
    raw["cells"].append(cell("markdown", "As you know:\n\n    return x * x"))
    assert make(raw).complaints == ()


def test_a_test_that_passes_with_nothing_solved_is_remarked_upon(make) -> None:  # type: ignore[no-untyped-def]
    raw = teachers()
    raw["cells"][place(raw, "test_mean")]["source"] = "assert True"
    [warning] = make(raw).warnings
    assert "test_mean (3 points) passes with nothing solved" in warning


RUBRIC = "Rubric:\n- [4] says why\n- [1] and since when"


def with_rubric(source: str) -> Raw:
    raw = teachers()
    raw["cells"][place(raw, "why")]["source"] = source
    return raw


def test_a_rubric_is_for_those_who_mark(make) -> None:  # type: ignore[no-untyped-def]
    found = make(with_rubric(solution(f"Because it is.\n\n{RUBRIC}")))
    assert found.complaints == ()
    assert not [gone for gone in ("Rubric", "says why", "since when") if gone in found.data.decode()]
    outside = with_rubric(f"{solution('Because it is.')}\n\n{RUBRIC}")
    assert any("the rubric of why is in the students' version" in line for line in make(outside).complaints)
    with pytest.raises(HeldoutError, match="have 4 points together, the cell has 5") as caught:
        make(with_rubric(solution(RUBRIC.rpartition("\n")[0])))
    assert caught.value.where.endswith("notebook.ipynb: why")


def test_what_a_student_lists_is_no_rubric(tmp_path: Path) -> None:
    path = tmp_path / "notebook.ipynb"
    path.write_bytes(dumped(with_rubric("Rubric:\n- mine")))
    assert read_source(path, rubrics=False).manual == 5.0
    with pytest.raises(HeldoutError, match="can't be read"):
        read_source(path)


def no_points() -> Raw:
    raw = teachers()
    raw["cells"][place(raw, "test_mean")]["metadata"]["nbgrader"]["points"] = "many"
    return raw


def twice() -> Raw:
    raw = teachers()
    raw["cells"].append(raw["cells"][place(raw, "mean")])
    return raw


BAD = {
    "no notebook": b"hello",
    "points that are none": dumped(no_points()),
    "an id twice": dumped(twice()),
    "an old format": json.dumps({"nbformat": 3, "worksheets": []}).encode(),
}


@pytest.mark.parametrize("name", BAD)
def test_a_source_that_cannot_be_graded_by(name: str, tmp_path: Path) -> None:
    path = tmp_path / "notebook.ipynb"
    path.write_bytes(BAD[name])
    with pytest.raises(HeldoutError) as caught:
        read_source(path)
    assert str(path) in caught.value.where


def test_the_students_own_check_needs_nothing_but_the_notebook(tmp_path: Path) -> None:
    path = tmp_path / "notebook.ipynb"
    path.write_bytes(dumped(students()))
    assert read_source(path).automatic == 9.0
