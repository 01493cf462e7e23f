"""One of a submission's trainings: what it is told, and what is kept of what it tells."""

import math
from dataclasses import dataclass, replace

from grader.report import Training
from grader.sandbox import Replay
from grader.spec import Budget

LONGEST_CURVE = 1_000  # points
REPEATING = 3.0  # times its budget may a repeated training use: the machine may be slower


@dataclass(frozen=True)
class Turn:
    """One training: its seed, which of how many it is, whether it has a GPU, and what it repeats."""

    seed: int
    number: int = 1
    of: int = 1
    gpu: bool = False
    repeats: Training | None = None

    def phase(self, steps: int, loss: float) -> str:
        """What goes on, in numbers that the training told."""
        several = f" {self.number} of {self.of}" if self.of > 1 else ""
        told = f", step {steps:,}" + (f", loss {loss:.4g}" if math.isfinite(loss) else "")
        return f"training{several}{told}; {'GPU' if self.gpu else 'CPU'}-seconds"

    @property
    def replay(self) -> Replay | None:
        if self.repeats is None:
            return None
        return Replay(self.repeats.budget, self.repeats.beats, self.repeats.cut)

    def room(self, budget: Budget) -> Budget:
        """What it may use."""
        if self.repeats is None:
            return budget
        seconds = REPEATING * max(self.repeats.budget, budget.seconds(gpu=self.gpu))
        return replace(budget, cpu_seconds=seconds, gpu_seconds=seconds)


class Curve:
    """The loss over the steps: of however many reports at most so many points, evenly."""

    def __init__(self) -> None:
        self._points: list[tuple[int, float]] = []
        self._every, self._told = 1, 0

    def add(self, steps: int, loss: float) -> None:
        if not math.isfinite(loss):
            return
        if self._told % self._every == 0:
            self._points.append((steps, loss))
        self._told += 1
        if len(self._points) > LONGEST_CURVE:
            self._points, self._every = self._points[::2], 2 * self._every

    @property
    def points(self) -> tuple[tuple[int, float], ...]:
        return tuple(self._points)
