"""The student's model seen from outside: each session a fresh sandbox, each answer checked at the door."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from grader.errors import BadSubmission, Reason
from grader.report import Resources
from grader.sandbox import Allowance, Sandbox, SandboxSession, Tensor, TensorSpec, Usage
from grader.spec import Array, Limits

Progress = Callable[[str, int, int], None]  # phase, done, total


def silent(phase: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


class Door:
    """A sandbox session as `spec.Session`: arrays in, validated arrays out."""

    def __init__(self, inside: SandboxSession, *, public: bool) -> None:
        self._inside = inside
        self._public = public

    def ask(self, method: str, *inputs: Array, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        [values] = self.ask_all(method, *inputs, shapes=[shape])
        return values

    def ask_all(
        self, method: str, *inputs: Array, shapes: Sequence[tuple[int, ...]]
    ) -> list[npt.NDArray[np.float32]]:
        tensors = [_tensor(array) for array in inputs]
        answers = self._inside.call(method, tensors, [TensorSpec("float32", shape) for shape in shapes])
        found = [
            np.frombuffer(each, "<f4").reshape(shape) for each, shape in zip(answers, shapes, strict=True)
        ]
        for values in found:
            self._check_finite(method, values)
        return found

    def _check_finite(self, method: str, values: npt.NDArray[np.float32]) -> None:
        strange = values.size - int(np.isfinite(values).sum())
        if strange:
            # How many, and where, could carry an answer: said on public inputs only.
            count = f"{strange} of {values.size} values" if self._public else "some values"
            raise BadSubmission(
                Reason.NOT_FINITE,
                f"{method} returned NaN or infinity in {count}",
                expected="finite numbers only",
                next_step="look for a division by zero, a logarithm of zero or a training that diverged",
            )


@dataclass
class SandboxedStudent:
    """One submission under grading: opens its sandboxes, adds up what they used. A `spec.Student`."""

    sandbox: Sandbox
    archive: bytes
    limits: Limits
    report: Progress = silent
    usages: list[Usage] = field(default_factory=list)
    log: str = ""

    def __post_init__(self) -> None:
        self._heldout_time = Allowance(self.limits.wall_seconds)

    @contextmanager
    def public_session(self) -> Iterator[Door]:
        """A session for public examples: full tracebacks, output kept, an allowance of its own."""
        allowance = Allowance(self.limits.check_seconds)
        with self._open(allowance, public=True) as door:
            yield door

    @contextmanager
    def session(self, role: str) -> Iterator[Door]:
        """A session for held-out items: fixed reasons, output dropped, one allowance for all of them."""
        self.report(role, 0, 0)
        with self._open(self._heldout_time, public=False) as door:
            yield door

    def progress(self, done: int, total: int) -> None:
        self.report("held-out items", done, total)

    @property
    def resources(self) -> Resources:
        return Resources(
            launcher=self.sandbox.launcher,
            layers=self.sandbox.layers,
            wall_seconds=math.fsum(usage.wall_seconds for usage in self.usages),
            cpu_seconds=math.fsum(usage.cpu_seconds for usage in self.usages),
            peak_bytes=max((usage.peak_bytes for usage in self.usages), default=0),
            limits=self.limits,
            killed=next((usage.killed for usage in self.usages if usage.killed), ""),
            doing=next((usage.doing for usage in self.usages if usage.killed), ""),
            dropped_bytes=sum(usage.dropped_bytes for usage in self.usages),
        )

    @contextmanager
    def _open(self, allowance: Allowance, *, public: bool) -> Iterator[Door]:
        inside = self.sandbox.open(self.archive, self.limits, allowance, public=public)
        try:
            with inside:
                yield Door(inside, public=public)
        finally:
            self.usages.append(inside.usage)
            self.log += inside.log


def _tensor(array: Array) -> Tensor:
    dtype = "float32" if array.dtype.kind == "f" else "int64"
    contiguous = np.ascontiguousarray(array, dtype=np.dtype(dtype).newbyteorder("<"))
    return Tensor(TensorSpec(dtype, contiguous.shape), contiguous.data.cast("B"))
