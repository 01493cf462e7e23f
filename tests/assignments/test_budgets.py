"""What stands in for the grader's budget by hand has all that train() may use of the real one."""

import inspect
import re
from pathlib import Path

import pytest

from grader.catalogue import HOME
from grader.sandbox.runner.training import Budget

FILES = sorted(
    path
    for folder in ("assignments", "baselines", "grader/template", "reference_solutions")
    for path in (HOME / folder).rglob("train.py")
    if "class NoLimit" in path.read_text()
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOME).parent))
def test_no_limit_is_a_budget(path: Path) -> None:
    source = path.read_text()
    scope: dict[str, type] = {}
    start = source.index("class NoLimit")
    found = re.compile(r"\n\n\n(?=\S)").search(source, start)
    exec("import math\nimport numpy as np\n" + source[start : found.start() if found else None], scope)  # noqa: S102
    no_limit = scope["NoLimit"]
    for name in ("step", "left"):
        ours, theirs = (inspect.signature(getattr(kind, name)) for kind in (no_limit, Budget))
        assert list(ours.parameters) == list(theirs.parameters)
        assert [each.default is each.empty for each in ours.parameters.values()] == [
            each.default is each.empty for each in theirs.parameters.values()
        ]
    assert no_limit.seconds > 0  # type: ignore[attr-defined]
