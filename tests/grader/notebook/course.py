"""A small course notebook, and what students make of it."""

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grader.notebook.source import Notebook, read_source

Raw = dict[str, Any]
SOLVED = {
    "square": "def square(x):\n    return x * x",
    "mean": "import numpy as np\n\ndef mean(values):\n    return float(np.mean(values))",
}
TESTS = {
    "test_square": (
        2.0,
        """assert square(3) == 9, 'three squared is nine'
### BEGIN HIDDEN TESTS
hidden_input = -17
assert square(hidden_input) == 289, 'CANARY of a hidden test'
### END HIDDEN TESTS""",
    ),
    "test_mean": (3.0, "assert abs(mean([1, 2, 6]) - 3) < 1e-9, 'the mean of 1, 2 and 6 is 3'"),
    "test_share": (4.0, "score = 4.0 if square(2) == 4 else 0.0\nscore / 2"),
}


def cell(kind: str, source: str, name: str = "", **nbgrader: Any) -> Raw:
    made: Raw = {
        "cell_type": kind,
        "metadata": {},
        "source": source,
        "id": name or f"plain-{abs(hash(source))}",
    }
    if kind == "code":
        made |= {"execution_count": None, "outputs": []}
    if name:
        flags = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
        made["metadata"] = {"nbgrader": {"grade_id": name, **flags, **nbgrader}}
    return made


def teachers() -> Raw:
    cells = [
        cell("markdown", "# Squares and means"),
        cell("code", "LIMIT = 10", "limit", locked=True),
        cell("code", solution(SOLVED["square"]), "square", solution=True),
        test("test_square"),
        cell("code", solution(SOLVED["mean"]), "mean", solution=True),
        test("test_mean"),
        test("test_share"),
        cell("markdown", solution("Because it is."), "why", solution=True, grade=True, points=5.0),
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": KERNEL, "cells": cells}


KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def solution(text: str) -> str:
    return f"### BEGIN SOLUTION\n{text}\n### END SOLUTION"


def test(name: str) -> Raw:
    points, source = TESTS[name]
    return cell("code", source, name, grade=True, locked=True, points=points)


test.__test__ = False  # type: ignore[attr-defined]


def students(**answers: str) -> Raw:
    """Solved, but for what is given otherwise; hidden tests and marks are not in it."""
    made = copy.deepcopy(teachers())
    for raw in made["cells"]:
        name = raw["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name in SOLVED:
            raw["source"] = answers.get(name, SOLVED[name])
        elif name in TESTS:
            raw["source"] = TESTS[name][1].split("\n###")[0]
        elif name == "why":
            raw["source"] = answers.get("why", "I think that it is so because …")
    return made


def place(raw: Raw, name: str) -> int:
    return next(i for i, one in enumerate(raw["cells"]) if one["id"] == name)


def dumped(raw: Raw) -> bytes:
    return json.dumps(raw).encode()


def original(folder: Path) -> Notebook:
    path = folder / "notebook.ipynb"
    path.write_bytes(dumped(teachers()))
    return read_source(path)


def inserted(raw: Raw, before: str, source: str | Sequence[str]) -> Raw:
    raw["cells"].insert(
        place(raw, before), cell("code", source if isinstance(source, str) else "".join(source))
    )
    return raw
