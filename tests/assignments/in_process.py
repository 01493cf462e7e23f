"""A student without a sandbox: the submission is loaded and asked in this process."""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from grader.errors import BadSubmission, Reason
from grader.prepared import Data
from grader.report import Estimate, Report, Verdict
from grader.sanity import RUN_SEED
from grader.spec import Array, Assignment

CPU = torch.device("cpu")
Load = Callable[[], Any]  # loads a submission afresh: what a fresh sandbox does


@dataclass
class InProcess:
    """A `spec.Session` without a sandbox."""

    model: Any
    state: Any = None
    sizes: list[int] = field(default_factory=list)

    def ask(self, method: str, *inputs: Array, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        self.sizes += [len(each) for each in inputs[:1]]
        if not hasattr(self.model, method):
            raise BadSubmission(Reason.METHOD_MISSING, f"there is no method {method}")
        answer = getattr(self.model, method)(*(torch.from_numpy(array) for array in inputs))
        if isinstance(answer, int):
            return np.array([answer], np.float32)
        if tuple(answer.shape) != shape:
            raise BadSubmission(
                Reason.WRONG_SHAPE, f"{method} returned {tuple(answer.shape)}; expected {shape}"
            )
        return np.asarray(answer.numpy(), np.float32)

    def ask_all(
        self, method: str, *inputs: Array, shapes: Sequence[tuple[int, ...]]
    ) -> list[npt.NDArray[np.float32]]:
        answers = getattr(self.model, method)(*(torch.from_numpy(array) for array in inputs))
        assert [tuple(each.shape) for each in answers] == list(shapes)
        return [np.asarray(each.detach().numpy(), np.float32) for each in answers]

    def start(self, batch: int) -> None:
        self.sizes.append(batch)
        self.state = self.model.start(batch)

    def step(self, *inputs: Array, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        tokens = (torch.from_numpy(np.ascontiguousarray(array)) for array in inputs)
        answer, self.state = self.model.step(*tokens, self.state)
        assert tuple(answer.shape) == shape
        return np.asarray(answer.numpy(), np.float32)


@dataclass
class FakeStudent:
    """A `spec.Student` whose sessions each load the submission anew."""

    load: Load
    code_bytes: int = 0
    sessions: list[InProcess] = field(default_factory=list)
    told: list[tuple[int, int]] = field(default_factory=list)

    @contextmanager
    def session(self, role: str) -> Iterator[InProcess]:
        self.sessions.append(InProcess(self.load()))
        yield self.sessions[-1]

    def progress(self, done: int, total: int) -> None:
        self.told.append((done, total))


def submission(folder: Path) -> Load:
    """The loader of a folder's model.py, imported under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"submission_{folder.name}", folder / "model.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda: module.load(folder, CPU)


def judge(assignment: Assignment, data: Data, load: Load, *, seed: int = RUN_SEED) -> Report:
    """What a report has of its scores, but for the half-widths of means. One thread, as in the sandbox."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found = assignment.evaluate(FakeStudent(load), data.heldout, np.random.default_rng(seed))
    finally:
        torch.set_num_threads(threads)
    is_public = data.heldout["public"]
    means = {name: Estimate(float(values[is_public].mean()), 0.0) for name, values in found.items.items()}
    public = {**means, **found.public}
    return Report(Verdict.SCORED, seed, public=public, private=found.private, items=found.items)


def scores(assignment: Assignment, data: Data, load: Load, *, seed: int = 0) -> dict[str, Any]:
    return dict(assignment.evaluate(FakeStudent(load), data.heldout, np.random.default_rng(seed)).items)


class Identity:
    def denoise(self, noisy: torch.Tensor) -> torch.Tensor:
        return noisy
