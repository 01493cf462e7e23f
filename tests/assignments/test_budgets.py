"""Of budgets: what stands in for the grader's by hand is like it, and a training anneals within any."""

import inspect
import re
import runpy
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook

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


# ---------------------------------------------------------------- a training that is cut short


@dataclass
class Steps:
    """A budget of so many seconds, of which each step takes one."""

    seconds: float
    taken: int = 0

    def step(self, loss: float = 0.0) -> bool:
        self.taken += 1
        return self.left() > 0.05 * self.seconds

    def left(self) -> float:
        return self.seconds - self.taken


def rates(folder: Path, seconds: float, out: Path, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The learning rate at each step of a training on a handful of signals."""
    found: list[float] = []

    def note(optimizer: torch.optim.Optimizer, *_: object) -> None:
        found.append(optimizer.param_groups[0]["lr"])

    data: dict[str, Tensor] = {"signals": torch.randn(8, 1, 40), "labels": torch.arange(8)}
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "model", raising=False)
    hook = register_optimizer_step_post_hook(note)
    try:
        train = runpy.run_path(str(folder / "train.py"))["train"]
        train(data, out, Steps(seconds), torch.device("cpu"), seed=0)
    finally:
        hook.remove()
        sys.modules.pop("model", None)
    return found


@pytest.mark.thorough
def test_a_training_that_is_cut_short_anneals_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """4,000 steps are planned; without an eye on the budget the rate would still rise at the 57th."""
    found = rates(HOME / "reference_solutions" / "mnist1d" / "cnn", 60, tmp_path, monkeypatch)
    assert len(found) == 57
    peak = int(np.argmax(found))
    assert peak < 10
    assert found[peak] > 0.95 * 5e-3
    assert found[-1] < 0.03 * 5e-3
    assert found[peak:] == sorted(found[peak:], reverse=True)
    assert (tmp_path / "weights.safetensors").is_file()


def test_all_follow_the_budget_by_the_same_words() -> None:
    with_schedule = [path.read_text() for path in FILES if "lr_scheduler" in path.read_text()]
    said = {re.search(r"def due\(.*?\n\n\n", source, re.DOTALL)[0] for source in with_schedule}  # type: ignore[index]
    assert len(said) == 1
    assert all(
        re.search(r"while schedules?(\[0\])?\.last_epoch < due\(step, budget\)", source)
        for source in with_schedule
    )
