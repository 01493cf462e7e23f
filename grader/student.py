"""The student's model seen from outside: each session a fresh sandbox, each answer checked at the door."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from grader import machine
from grader.errors import BadSubmission, Reason
from grader.report import Resources, Training
from grader.sandbox import (
    Allowance,
    Sandbox,
    SandboxSession,
    State,
    Tensor,
    TensorSpec,
    Trained,
    TrainingSession,
    Usage,
)
from grader.spec import Array, Arrays, Budget, Limits
from grader.turn import Curve, Turn

Progress = Callable[[str, int, int], None]  # phase, done, total: for who grades
Watch = Callable[[str, int, int, str], None]  # the same, and the end of what was printed: for the student

LONGEST_TAIL = 4096  # characters
PACE = 1.0  # seconds between two looks at a log
HELDOUT = "held-out items"
COMPUTING = "computing the score"


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
        return self._answers(method, inputs, shapes)

    def start(self, batch: int) -> None:
        self._inside.call("start", [_tensor(np.array(batch))], [], state="new")

    def step(self, *inputs: Array, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        [values] = self._answers("step", inputs, [shape], state="kept")
        return values

    def _answers(
        self, method: str, inputs: Sequence[Array], shapes: Sequence[tuple[int, ...]], *, state: State = ""
    ) -> list[npt.NDArray[np.float32]]:
        tensors = [_tensor(array) for array in inputs]
        wanted = [TensorSpec("float32", shape) for shape in shapes]
        answers = self._inside.call(method, tensors, wanted, state=state)
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
    """One submission under grading: opens its sandboxes, adds up what they used. A `spec.Student`.

    What its training used is told apart: the limits of time are those of its answers. `watch` hears nothing
    more once held-out items are inside: a submission could spell answers by its speed.
    """

    sandbox: Sandbox
    archive: bytes
    limits: Limits
    report: Progress = silent
    watch: Watch | None = None
    usages: list[Usage] = field(default_factory=list)  # of the sandboxes that it answered in
    trainings: list[Usage] = field(default_factory=list)
    trained: list[Training] = field(default_factory=list)
    log: str = ""
    checkpoints: list[bytes] = field(default_factory=list)  # what each training left
    code_bytes: int = 0

    def __post_init__(self) -> None:
        self._heldout_time = Allowance(self.limits.wall_seconds)
        self._checkpoint = b""  # that is loaded beside the code
        self._read_at = -PACE
        self._sealed = False  # a held-out item may be inside, or has been

    def tell(self, phase: str, done: int = 0, total: int = 0, inside: TrainingSession | None = None) -> None:
        """What goes on, and what it has printed so far, with what it prints `inside` at this moment.

        A log takes milliseconds to be read: of those who tell at any pace, most is not watched.
        """
        self.report(phase, done, total)
        now = time.monotonic()
        if self.watch is None or self._sealed or (inside and now < self._read_at + PACE):
            return
        self._read_at = now
        self.watch(phase, done, total, (self.log + (inside.log if inside else ""))[-LONGEST_TAIL:])

    @contextmanager
    def public_session(self) -> Iterator[Door]:
        """A session for public examples: full tracebacks, output kept, an allowance of its own."""
        allowance = Allowance(self.limits.check_seconds)
        with self._open(allowance, public=True) as door:
            yield door

    def train(self, dealt: Arrays, budget: Budget, turn: Turn) -> None:
        """Train its code on what it was dealt; later sessions load what that left. `trained` tells of it.

        Raises BadSubmission; `trained` tells then, too.
        """
        self.code_bytes = len(self.archive)
        steps, trained = 0, Trained(b"", 0, cut=False)
        curve = Curve()
        seconds = budget.seconds(gpu=turn.gpu)

        def told(count: int, loss: float, spent: float) -> None:
            nonlocal steps
            steps = count
            self.tell(turn.phase(count, loss), int(spent), int(seconds), session)
            curve.add(steps, loss)

        limits = replace(self.limits, gpu=turn.gpu)
        session = self.sandbox.open_training(self.archive, limits, turn.room(budget))
        data = {name: _tensor(array) for name, array in dealt.items()}
        try:
            with self._noted(session, self.trainings):
                trained = session.train(data, turn.seed, told, turn.replay)
        finally:
            self.trained.append(_training(turn, seconds, trained, steps, curve.points, session.usage))
            self.checkpoints.append(trained.checkpoint)
            self.load(0)

    def load(self, number: int) -> None:
        """From now on with what that training left, and with the whole time for held-out items."""
        self._checkpoint = self.checkpoints[number] if self.checkpoints else b""
        self._heldout_time = Allowance(self.limits.wall_seconds)

    @contextmanager
    def session(self, role: str) -> Iterator[Door]:
        """A session for held-out items: fixed reasons, output dropped, one allowance for all of them."""
        self.tell(HELDOUT)
        self._sealed = True
        self.report(role, 0, 0)
        with self._open(self._heldout_time, public=False) as door:
            yield door

    def progress(self, done: int, total: int) -> None:
        """After the last answer `evaluate` goes on to compute, which takes minutes for a set of images."""
        if done < total:
            self.report(HELDOUT, done, total)
        else:
            self.report(COMPUTING, 0, 0)

    @property
    def resources(self) -> Resources:
        met = next((usage for usage in (*self.trainings, *self.usages) if usage.killed), None)
        return Resources(
            launcher=self.sandbox.launcher,
            layers=self.sandbox.layers,
            wall_seconds=math.fsum(usage.wall_seconds for usage in self.usages),
            cpu_seconds=math.fsum(usage.cpu_seconds for usage in self.usages),
            peak_bytes=max((usage.peak_bytes for usage in self.usages), default=0),
            limits=self.limits,
            killed=met.killed if met else "",
            doing=met.doing if met else "",
            dropped_bytes=sum(usage.dropped_bytes for usage in self.usages),
            machine=machine.kind(gpu=any(usage.gpu_seconds for usage in (*self.trainings, *self.usages))),
            gpu_seconds=math.fsum(usage.gpu_seconds for usage in (*self.trainings, *self.usages)),
        )

    @contextmanager
    def _open(self, allowance: Allowance, *, public: bool) -> Iterator[Door]:
        inside = self.sandbox.open(
            self.archive, self.limits, allowance, public=public, checkpoint=self._checkpoint
        )
        with self._noted(inside, self.usages):
            yield Door(inside, public=public)

    @contextmanager
    def _noted(self, inside: SandboxSession | TrainingSession, usages: list[Usage]) -> Iterator[None]:
        """The session's context; what it used and printed is kept, however it ends."""
        try:
            with inside:
                yield
        finally:
            usages.append(inside.usage)
            self.log += inside.log


def _training(
    turn: Turn,
    seconds: float,
    trained: Trained,
    steps: int,
    curve: tuple[tuple[int, float], ...],
    used: Usage,
) -> Training:
    return Training(
        seed=turn.seed,
        steps=steps,
        cpu_seconds=used.cpu_seconds,
        cut=trained.cut,
        curve=curve,
        wall_seconds=used.wall_seconds,
        peak_bytes=used.peak_bytes,
        gpu_seconds=used.gpu_seconds,
        budget=turn.repeats.budget if turn.repeats else seconds,
        beats=trained.beats,
        broke=trained.broke,
        checkpoint_sha256=sha256(trained.checkpoint).hexdigest() if trained.checkpoint else "",
    )


def _tensor(array: Array) -> Tensor:
    dtype = "float32" if array.dtype.kind == "f" else "uint8" if array.dtype == np.uint8 else "int64"
    contiguous = np.asarray(array, dtype=np.dtype(dtype).newbyteorder("<"), order="C")
    return Tensor(TensorSpec(dtype, contiguous.shape), contiguous.data.cast("B"))
