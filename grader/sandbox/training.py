"""A training in a sandbox: the student's train() under a budget of seconds, sealed as it goes.

The seconds are those of processors, all its processes' together; with a GPU, which nobody else uses
meanwhile, those of the clock.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np

from grader.errors import BadSubmission, Reason
from grader.sandbox import Allowance, Replay, Tensor, TensorSpec, Told, Trained, Usage, blame
from grader.sandbox.blame import Question
from grader.sandbox.child import Child
from grader.sandbox.clock import IDLE, Clock, ProcessorClock
from grader.sandbox.session import Session, size_of
from grader.sandbox.wire import Buffer
from grader.spec import Budget, Limits

# State, steps, the new checkpoint's bytes, calls of its budget; loss.
REPORT = (TensorSpec("int64", (4,)), TensorSpec("float32", (1,)))
MOST_BEATS = 3_500  # 750 for a budget, in the slowest training four times that
MOST_REPORTS = 100_000  # whatever the machine; more come from what isn't our runner any more
MOST_STEPS = 10**12  # whatever it says: steps are drawn, and divided by


def open_training(
    child: Callable[[Limits], Child], archive: bytes, limits: Limits, budget: Budget
) -> "Training":
    """A training in what `child` starts; see `grader.sandbox.Sandbox.open_training`."""
    own = _limits(limits, budget)
    return Training(child(own), archive, budget, limits=own)


def _limits(limits: Limits, budget: Budget) -> Limits:
    """Of the sandbox that trains: other programs may run, and no process outlives the slowest training."""
    slowest = budget.seconds(gpu=limits.gpu) / IDLE
    return replace(limits, programs=True, check_seconds=slowest, wall_seconds=slowest)


class Training(Session):
    """See `grader.sandbox.TrainingSession`."""

    def __init__(self, child: Child, archive: bytes, budget: Budget, *, limits: Limits) -> None:
        clock = Clock() if limits.gpu else ProcessorClock(child.cpu_seconds)
        self._seconds = budget.seconds(gpu=limits.gpu)
        super().__init__(child, archive, Allowance(self._seconds), limits=limits, public=True, clock=clock)
        self._budget = budget
        self._replay: Replay | None = None
        self._steps = 0
        self._turns = 0
        self._beats: list[tuple[int, float]] = []
        self._sealed = b""

    def _begin(self) -> None:
        self._unpack()

    def train(
        self, data: Mapping[str, Tensor], seed: int, told: Told, replay: Replay | None = None
    ) -> Trained:
        self._replay = replay
        cut, broke = False, ""
        try:
            cut = self._train(data, seed, told)
        except BadSubmission as error:
            cut = error.reason is Reason.TIMEOUT
            if not cut and not self._sealed:
                raise
            broke = "" if cut else str(error)
        if cut:  # once something was sealed no limit was met that should not be
            self._killed, self._doing = ("", "") if self._sealed else ("processor time", self._doing)
        if not self._sealed:
            raise blame.nothing_saved(self._seconds, cut=cut)
        return Trained(self._sealed, self._steps, cut, tuple(self._beats), broke)

    @property
    def usage(self) -> Usage:
        """Its time is what the budget was charged, without the sandbox's start-up."""
        charged = min(self._allowance.spent, self._seconds)
        if self._limits.gpu:
            return replace(super().usage, gpu_seconds=charged)
        return replace(super().usage, cpu_seconds=charged)

    def _train(self, data: Mapping[str, Tensor], seed: int, told: Told) -> bool:
        """Until train() returns, or the one that it repeats was cut; True then.

        Raises BadSubmission, with TIMEOUT at the budget's end.
        """
        head = {
            "do": "train",
            "seed": seed,
            "seconds": self._replay.seconds if self._replay else self._seconds,
            "beats": [calls for calls, _ in self._replay.beats] if self._replay else None,
            "checkpoint_bytes": self._budget.checkpoint_bytes,
            "data": {name: asdict(each.spec) | {"bytes": size_of(each.spec)} for name, each in data.items()},
        }
        reports, done = 0, self._reported(head, [each.data for each in data.values()], told)
        while not done:
            left = self._left()
            if left is None:
                return True
            reports += 1
            if reports > MOST_REPORTS:
                raise self._broken(blame.garbled())
            if len(self._beats) < MOST_BEATS:
                self._beats.append((self._turns, left))
            done = self._reported({"do": "go on", "left": left}, [], told)
        return False

    def _left(self) -> float | None:
        """What it is told; None where the one that it repeats was told nothing more before it was cut."""
        if self._replay is None:
            return self._allowance.left
        rest = self._replay.beats[len(self._beats) :]
        if self._replay.cut and len(rest) <= 1:
            return None
        return rest[0][1] if rest else 0.0  # only what isn't our runner any more tells more often

    def _reported(self, head: Mapping[str, object], body: Sequence[Buffer], told: Told) -> bool:
        """Let it go on until it tells of itself; True when it is done."""
        numbers, loss = self._ask(head, body, Question("train", REPORT))
        state, steps, size, calls = (int(number) for number in np.frombuffer(numbers, "<i8"))
        if size:
            self._sealed = self._fetched(size)
        # Not before: the budget may end while what was sealed is fetched.
        self._steps, self._turns = min(max(0, steps), MOST_STEPS), calls
        told(self._steps, float(np.frombuffer(loss, "<f4")[0]), self._allowance.spent)
        return bool(state)

    def _fetched(self, size: int) -> bytes:
        most = self._budget.checkpoint_bytes + (1 << 20)  # a zip's own words on top
        if not 0 < size <= most:
            raise self._broken(blame.garbled())
        [sealed] = self._ask({"do": "checkpoint"}, [], Question("train", [TensorSpec("uint8", (size,))]))
        return bytes(sealed)
