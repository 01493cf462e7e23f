"""A tiny notebook, autograded: by nbgrader in one batch and one by one, and in sandboxes."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.record import Row, at_least
from grader.kit import bundle
from grader.notebook.grade import grade_notebook
from grader.notebook.release import generate
from grader.notebook.source import NAME, Notebook, read_source
from grader.outline import NotebookBudget
from grader.report import Report, Verdict
from grader.sandbox import Sandbox
from grader.sandbox.probe import choose
from grader.spec import Limits

STUDENTS = 10
ROUNDS = 3
ALONE = 3  # one by one, of each round
SLOTS = 2
ANSWER = "def square(x):\n    return x * x"
TEST = """import numpy as np
assert square(3) == 9
### BEGIN HIDDEN TESTS
assert np.allclose(square(np.arange(4)), [0, 1, 4, 9])
### END HIDDEN TESTS"""
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
FLAGS = {"schema_version": 3, "task": False}


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="heldout-bench-") as home, closing(choose("zygote")) as sandbox:
        folder = Path(home)
        source, handed_in = _course(folder)
        _ours(sandbox, source, handed_in, folder)  # warm
        _nbgrader(folder)
        batch, alone, ours = [], [], []
        for _ in range(ROUNDS):
            batch.append(_timed(lambda: _nbgrader(folder)) / STUDENTS)
            alone += [_timed(partial(_nbgrader, folder, f"s{i}")) for i in range(ALONE)]
            ours.append(_timed(lambda: _ours(sandbox, source, handed_in, folder)) / STUDENTS)
    ours_each, batch_each, alone_each = map(statistics.median, (ours, batch, alone))
    return [
        Row("nbgrader, one batch", 1e3 * batch_each, "ms"),
        Row("nbgrader, one by one", 1e3 * alone_each, "ms"),
        Row("ours, two at a time, a sandbox each", 1e3 * ours_each, "ms"),
        at_least("against nbgrader's batch", batch_each / ours_each, "×", 1.5),
        at_least("against nbgrader one by one", alone_each / ours_each, "×", 4.0),
    ]


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _ours(sandbox: Sandbox, source: Notebook, handed_in: bytes, folder: Path) -> None:
    beside = bundle([("README.md", folder / "README.md")])

    def one(number: int) -> Report:
        return grade_notebook(
            source, handed_in, beside, sandbox=sandbox, limits=Limits(), budget=NotebookBudget()
        )

    with ThreadPoolExecutor(SLOTS) as pool:
        reports = list(pool.map(one, range(STUDENTS)))
    if any(each.verdict is not Verdict.SCORED or each.private["points"].value != 2 for each in reports):
        raise RuntimeError("a notebook did not get its points")


def _nbgrader(folder: Path, student: str = "*") -> None:
    command = [
        sys.executable,
        "-m",
        "nbgrader",
        "autograde",
        "a",
        "--force",
        f"--student={student}",
        "--log-level=ERROR",
    ]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, cwd=folder, check=True, env=os.environ | {"PATH": path}, capture_output=True)


def _course(folder: Path) -> tuple[Notebook, bytes]:
    """nbgrader's, with ten students who have solved it."""
    (folder / "README.md").write_text("A course.")
    source = folder / "source" / "a"
    source.mkdir(parents=True)
    (source / NAME).write_text(json.dumps(_notebook()))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    generating = [sys.executable, "-m", "nbgrader", "generate_assignment", "a", "--log-level=ERROR"]
    subprocess.run(generating, cwd=folder, check=True, env=os.environ | {"PATH": path}, capture_output=True)
    solved = json.loads(generate(source / NAME))
    solved["cells"][0]["source"] = ANSWER
    for number in range(STUDENTS):
        theirs = folder / "submitted" / f"s{number}" / "a"
        theirs.mkdir(parents=True)
        (theirs / NAME).write_text(json.dumps(solved))
    shutil.rmtree(folder / "autograded", ignore_errors=True)
    return read_source(source / NAME), json.dumps(solved).encode()


def _notebook() -> dict[str, Any]:
    answer = {"grade": False, "solution": True, "locked": False, "grade_id": "square"}
    test = {"grade": True, "solution": False, "locked": True, "grade_id": "test_square", "points": 2}
    cells = [
        _cell(f"### BEGIN SOLUTION\n{ANSWER}\n### END SOLUTION", answer),
        _cell(TEST, test),
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": KERNEL, "cells": cells}


def _cell(source: str, flags: dict[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": flags["grade_id"].replace("_", "-"),
        "metadata": {"nbgrader": {**FLAGS, **flags}},
        "source": source,
        "execution_count": None,
        "outputs": [],
    }
