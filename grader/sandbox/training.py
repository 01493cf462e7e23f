"""A training in a sandbox: the student's train() under a budget of processor seconds, sealed as it goes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np

from grader.errors import BadSubmission, Reason
from grader.sandbox import Allowance, Tensor, TensorSpec, Told, Trained, Usage, blame
from grader.sandbox.blame import Question
from grader.sandbox.child import Child
from grader.sandbox.clock import IDLE, ProcessorClock
from grader.sandbox.session import Session, size_of
from grader.sandbox.wire import Buffer
from grader.spec import Budget, Limits

# State, steps, the new checkpoint's bytes; loss.
REPORT = (TensorSpec("int64", (3,)), TensorSpec("float32", (1,)))


def open_training(
    child: Callable[[Limits], Child], archive: bytes, limits: Limits, budget: Budget
) -> "Training":
    """A training in what `child` starts; see `grader.sandbox.Sandbox.open_training`."""
    own = _limits(limits, budget)
    return Training(child(own), archive, budget, limits=own)


def _limits(limits: Limits, budget: Budget) -> Limits:
    """Of the sandbox that trains: other programs may run, and no process outlives the slowest training."""
    slowest = budget.cpu_seconds / IDLE
    return replace(limits, programs=True, check_seconds=slowest, wall_seconds=slowest)


class Training(Session):
    """See `grader.sandbox.TrainingSession`."""

    def __init__(self, child: Child, archive: bytes, budget: Budget, *, limits: Limits) -> None:
        clock = ProcessorClock(child.cpu_seconds)
        allowance = Allowance(budget.cpu_seconds)
        super().__init__(child, archive, allowance, limits=limits, public=True, clock=clock)
        self._budget = budget
        self._steps = 0
        self._sealed = b""

    def _begin(self) -> None:
        self._unpack()

    def train(self, data: Mapping[str, Tensor], seed: int, told: Told) -> Trained:
        cut = False
        try:
            self._train(data, seed, told)
        except BadSubmission as error:
            if error.reason is not Reason.TIMEOUT:
                raise
            cut = True
            self._killed = "processor time"
            if self._sealed:
                self._killed = self._doing = ""  # no limit was met that should not be
        if not self._sealed:
            raise blame.nothing_saved(self._budget.cpu_seconds, cut=cut)
        return Trained(self._sealed, self._steps, cut)

    @property
    def usage(self) -> Usage:
        """Its processor time is what the budget was charged, without the sandbox's start-up."""
        return replace(super().usage, cpu_seconds=min(self._allowance.spent, self._budget.cpu_seconds))

    def _train(self, data: Mapping[str, Tensor], seed: int, told: Told) -> None:
        """Until train() returns. Raises BadSubmission, with TIMEOUT at the budget's end."""
        head = {
            "do": "train",
            "seed": seed,
            "seconds": self._budget.cpu_seconds,
            "checkpoint_bytes": self._budget.checkpoint_bytes,
            "data": {name: asdict(each.spec) | {"bytes": size_of(each.spec)} for name, each in data.items()},
        }
        done = self._reported(head, [each.data for each in data.values()], told)
        while not done:
            done = self._reported({"do": "go on", "left": self._allowance.left}, [], told)

    def _reported(self, head: Mapping[str, object], body: Sequence[Buffer], told: Told) -> bool:
        """Let it go on until it tells of itself; True when it is done."""
        numbers, loss = self._ask(head, body, Question("train", REPORT))
        state, steps, size = (int(number) for number in np.frombuffer(numbers, "<i8"))
        if size:
            self._sealed = self._fetched(size)
        self._steps = max(0, steps)  # not before: the budget may end while what was sealed is fetched
        told(self._steps, float(np.frombuffer(loss, "<f4")[0]), self._allowance.spent)
        return bool(state)

    def _fetched(self, size: int) -> bytes:
        most = self._budget.checkpoint_bytes + (1 << 20)  # a zip's own words on top
        if not 0 < size <= most:
            raise self._broken(blame.garbled())
        [sealed] = self._ask({"do": "checkpoint"}, [], Question("train", [TensorSpec("uint8", (size,))]))
        return bytes(sealed)
