from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from grader.errors import SandboxError
from grader.kit import bundle
from grader.notebook.grade import grade_notebook
from grader.outline import NotebookBudget
from grader.report import Report
from grader.sandbox import Sandbox
from grader.sandbox.probe import choose
from grader.spec import Limits
from tests.grader.notebook import course

Grade = partial[Report]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    try:
        found = choose("zygote")
    except SandboxError as error:
        pytest.skip(f"no sandbox on this machine: {error}")
    with closing(found):
        yield found


@pytest.fixture(scope="session")
def grade(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Grade:
    """Grade what a student handed in; the teacher's is `course.teachers`."""
    folder: Path = tmp_path_factory.mktemp("notebook")
    (folder / "data.txt").write_text("1 2 3")
    beside = bundle([("data/numbers.txt", folder / "data.txt")])
    budget = NotebookBudget(cell_seconds=3.0, seconds=60.0)
    return partial(
        grade_notebook,
        course.original(folder),
        kit=beside,
        sandbox=sandbox,
        limits=Limits(memory_bytes=1 << 30),
        budget=budget,
    )
