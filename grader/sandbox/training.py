"""A training in a sandbox: the student's train() under a budget of processor seconds, sealed as it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from grader.errors import BadSubmission, Reason
from grader.sandbox import Allowance, Tensor, TensorSpec, Told, Trained, blame
from grader.sandbox.blame import Question
from grader.sandbox.child import Child
from grader.sandbox.clock import ProcessorClock
from grader.sandbox.session import Session, size_of
from grader.sandbox.wire import Buffer
from grader.spec import Budget, Limits

REPORT = (
    TensorSpec("int64", (3,)),
    TensorSpec("float32", (1,)),
)  # state, steps, new checkpoint's bytes; loss


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
        try:
            cut = not self._train(data, seed, told)
        except BadSubmission as error:
            if error.reason is not Reason.TIMEOUT:
                raise
            cut = True
            if self._sealed:
                self._killed = self._doing = ""  # no limit was met that should not be
        if not self._sealed:
            raise blame.nothing_saved(self._budget.cpu_seconds, cut=cut)
        return Trained(self._sealed, self._steps, min(self._allowance.spent, self._budget.cpu_seconds), cut)

    def _train(self, data: Mapping[str, Tensor], seed: int, told: Told) -> bool:
        """True when train() returned. Raises BadSubmission, with TIMEOUT at the budget's end."""
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
        return True

    def _reported(self, head: Mapping[str, object], body: Sequence[Buffer], told: Told) -> bool:
        """Let it go on until it tells of itself; True when it is done."""
        numbers, loss = self._ask(head, body, Question("train", REPORT))
        state, steps, size = (int(number) for number in np.frombuffer(numbers, "<i8"))
        self._steps = max(0, steps)
        if size:
            self._sealed = self._fetched(size)
        told(self._steps, float(np.frombuffer(loss, "<f4")[0]), self._allowance.spent)
        return bool(state)

    def _fetched(self, size: int) -> bytes:
        most = self._budget.checkpoint_bytes + (1 << 20)  # a zip's own words on top
        if not 0 < size <= most:
            raise self._broken(blame.garbled())
        [sealed] = self._ask({"do": "checkpoint"}, [], Question("train", [TensorSpec("uint8", (size,))]))
        return bytes(sealed)
