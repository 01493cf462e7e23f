"""Runs hostile code. Knows nothing of assignments: bytes and tensor shapes in, bytes out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self

from grader.spec import Budget, Limits

# What a call does with the state that a conversation has inside the sandbox, and nowhere else:
# nothing; "new": the answer becomes the state; "kept": the state is the last argument, and the answer is a
# pair, whose second part becomes the state.
State = Literal["", "new", "kept"]


@dataclass(frozen=True)
class TensorSpec:
    """A tensor's type and shape: raw little-endian bytes need no more."""

    dtype: str  # "float32", "int64" or "uint8"
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Tensor:
    spec: TensorSpec
    data: bytes | bytearray | memoryview


@dataclass(frozen=True)
class Usage:
    wall_seconds: float  # the student's code only: loading and answering
    cpu_seconds: float
    peak_bytes: int  # of all processes together where a control group counts them, else of the runner
    killed: str = ""  # the limit that was met: "wall time", "memory", "processor time"
    doing: str = ""  # then: "loading", "calling denoise on batch 3"
    dropped_bytes: int = 0  # output made while inputs that are not public were inside
    gpu_seconds: float = 0.0  # for which a GPU was its own


class Allowance:
    """Wall seconds which a student's code may spend, shared by several sandboxes."""

    def __init__(self, seconds: float) -> None:
        self.limit = seconds
        self.spent = 0.0

    @property
    def left(self) -> float:
        return self.limit - self.spent


class SandboxSession(Protocol):
    """A process for one submission: loaded on entering the context, killed on leaving it.

    Entering raises BadSubmission when the submission doesn't load; `log` and `usage` are valid then, too.
    """

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...

    def call(
        self, method: str, inputs: Sequence[Tensor], outputs: Sequence[TensorSpec], *, state: State = ""
    ) -> list[bytearray]:
        """Call the model's method; return each output's bytes, exactly as many as its spec says.

        Inputs of shape () arrive as Python numbers. A `state` is never among the outputs: see `State`.
        Raises BadSubmission for whatever the student's code did, SandboxError for what we did.
        """

    @property
    def log(self) -> str:
        """What the student's code printed; empty when the session is not public."""

    @property
    def usage(self) -> Usage:
        """Valid after the session is closed."""


@dataclass(frozen=True)
class Trained:
    """`checkpoint` is opaque: only a sandbox opens it, beside the submission's own archive.

    broke: what train() raised, or which limit it met, after that was sealed.
    """

    checkpoint: bytes
    steps: int  # as train() counted them
    cut: bool  # the budget's end came before train()'s
    beats: tuple[tuple[int, float], ...] = ()  # at which of its budget's calls it was told how much was left
    broke: str = ""


@dataclass(frozen=True)
class Replay:
    """A training to be repeated: `seconds` of budget, and what it is told of them at which of its calls."""

    seconds: float
    beats: tuple[tuple[int, float], ...]
    cut: bool


Told = Callable[[int, float, float], None]  # steps, loss, processor seconds used


class TrainingSession(Protocol):
    """A process in which train() is called once. See `SandboxSession`."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...

    def train(
        self, data: Mapping[str, Tensor], seed: int, told: Told, replay: Replay | None = None
    ) -> Trained:
        """Call train() on `data` until it returns or the budget is used up.

        With `replay` it is told of its budget what an earlier one was told, and ends where that one was cut;
        what it uses is limited by the session's own budget all the same.

        Raises BadSubmission when it raises, crashes or needs too much memory before anything was sealed, and
        when nothing was saved.
        """

    @property
    def log(self) -> str: ...

    @property
    def usage(self) -> Usage: ...


@dataclass(frozen=True)
class Output:
    """What a cell printed, showed, returned or raised: text, or a PNG."""

    kind: str  # "stdout", "stderr", "shown", "result", "error", or what a test ended with: "points"
    mime: str
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode(errors="replace")


@dataclass(frozen=True)
class Ran:
    """How a cell went. "tampered": it was not run, since its names are no names of Python's any more."""

    state: Literal["ok", "raised", "timeout", "tampered"]
    outputs: tuple[Output, ...] = ()


class NotebookSession(Protocol):
    """A process in which a notebook's cells run, one after the other. See `SandboxSession`."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...

    def run(self, source: str, *, seconds: float, test: Mapping[str, Any] | None = None) -> Ran:
        """Run a cell; one that works for longer is stopped, and the next one finds what it left.

        A `test` runs past IPython, guarded: see `grader.notebook.guarded.Test`. Raises BadSubmission when the
        process is no more, or has used up the allowance: nothing more can be run then.
        """

    @property
    def log(self) -> str: ...

    @property
    def usage(self) -> Usage: ...


class Sandbox(Protocol):
    """A way to run submissions: one per worker, used by one thread at a time or by several."""

    @property
    def launcher(self) -> str: ...

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the live layers, stored with every result."""

    def open(
        self, archive: bytes, limits: Limits, allowance: Allowance, *, public: bool, checkpoint: bytes = b""
    ) -> SandboxSession:
        """Start a fresh sandbox; entering its context loads the submission, with what a training left.

        With `public` the inputs are public: errors carry the student's traceback and the log is kept.
        Without, every text is fixed and output is dropped.
        """

    def open_training(self, archive: bytes, limits: Limits, budget: Budget) -> "TrainingSession":
        """Start a fresh sandbox; entering its context unpacks the archive. All that goes in is public.

        Of `limits` those of time don't bind it, the budget does; and other programs may run. With
        `limits.gpu` it has a GPU of its own, and the budget is the clock's.
        """

    def open_notebook(self, archive: bytes, limits: Limits, allowance: Allowance) -> NotebookSession:
        """Start a fresh sandbox; entering its context unpacks the archive: what lies beside a notebook."""

    def close(self) -> None:
        """End what is kept between sessions. Opening again is possible, and starts it again."""
