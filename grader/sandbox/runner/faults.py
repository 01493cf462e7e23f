"""Says what a student's code did wrong, in a way its author can act on."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from .frames import SEPARATOR
from .hints import hint

T = TypeVar("T")
LOADING = ("load_raised", "train_raised")  # what also imports the submission's files
WEIGHTS = (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".npz", ".npy", ".pkl")
UNTRAINED = (
    "run train.py first, or hand the code in with --train; in a train run: save it in `out`, and load it from"
    " the folder that load() is given"
)
NOTABLE = ("numpy", "pillow", "safetensors", "scipy", "torch", "torchvision")  # what a model may well import
OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "Cannot allocate memory")


class Fault(Exception):
    """A status and the four parts of its message; the grader shows them in public sessions only."""

    def __init__(
        self, status: str, what: str, *, where: str = "", expected: str = "", next_step: str = ""
    ) -> None:
        super().__init__(what)
        self.status = status
        self.detail = SEPARATOR.join((what, where, expected, next_step))


@dataclass(frozen=True)
class Guard:
    """Runs a step of the submission and turns whatever it raises into a Fault."""

    folder: Path
    memory: str  # "2 GiB"

    def run(self, step: Callable[[], T], raised: str) -> T | Fault:
        """What `step` returns, or its fault; an ordinary exception gets the status `raised`."""
        try:
            return step()
        except Fault as fault:
            return fault
        # Student code may raise anything, SystemExit and KeyboardInterrupt too: the runner outlives it.
        except BaseException as error:  # noqa: BLE001
            return self._described(error, raised)

    def _described(self, error: BaseException, raised: str) -> Fault:
        """Describing an error runs code of its class, which may raise in turn."""
        try:
            return self.explain(error, raised)
        except BaseException:  # noqa: BLE001
            return Fault(raised, "the submission raised an error that can't be described")

    def explain(self, error: BaseException, raised: str) -> Fault:
        if isinstance(error, MemoryError) or _says_out_of_memory(error):
            traceback.clear_frames(error.__traceback__)  # frees what the student's frames hold
            return self._memory(error)
        if isinstance(error, SystemExit):
            return self._exit(error)
        if isinstance(error, SyntaxError) and raised in LOADING:
            return self._syntax(error)
        if isinstance(error, ModuleNotFoundError) and raised in LOADING:
            return self._missing(error)
        if (hinted := hint(error)) is not None:
            what = f"{hinted.what} ({_last_line(error)})"
            return Fault(raised, what, where=self.frames(error), next_step=hinted.next_step)
        next_step = UNTRAINED if raised == "load_raised" and _lacks_weights(error) else ""
        return Fault(raised, _last_line(error), where=self.frames(error), next_step=next_step)

    def frames(self, error: BaseException) -> str:
        """The student's own lines of the traceback, outermost first."""
        lines = []
        for frame in traceback.extract_tb(error.__traceback__):
            if Path(frame.filename).is_relative_to(self.folder):
                name = Path(frame.filename).relative_to(self.folder)
                lines.append(f"{name}, line {frame.lineno}, in {frame.name}: {frame.line}")
        return "\n".join(lines[-20:])

    def _memory(self, error: BaseException) -> Fault:
        return Fault(
            "memory",
            "the submission asked for more memory than it has",
            where=self.frames(error),
            expected=f"at most {self.memory}, PyTorch itself included",
            next_step="use a smaller model, or split a batch inside the method",
        )

    def _exit(self, error: SystemExit) -> Fault:
        return Fault(
            "crashed",
            f"the submission called exit({error.code!r:.40})",
            where=self.frames(error),
            expected="an answer",
            next_step="remove the call: the grader ends the process",
        )

    def _syntax(self, error: SyntaxError) -> Fault:
        name = Path(error.filename or "model.py").name
        lines = traceback.format_exception_only(error)
        source = "".join(line for line in lines if not line.lstrip().startswith('File "')).rstrip()
        return Fault("syntax_error", f"{name}, line {error.lineno}: {error.msg}", where=source)

    def _missing(self, error: ModuleNotFoundError) -> Fault:
        return Fault(
            "import_missing",
            f"the runtime has no module {error.name!r}",
            where=self.frames(error),
            expected=f"a file of the submission, or a package of the runtime: {_offered()}",
            next_step="write it without that package, or put its code into the submission's folder",
        )


def _says_out_of_memory(error: BaseException) -> bool:
    """PyTorch reports a failed allocation as a plain RuntimeError; threads and maps as an OSError."""
    return isinstance(error, (RuntimeError, OSError)) and any(text in str(error) for text in OUT_OF_MEMORY)


def _lacks_weights(error: BaseException) -> bool:
    """Whether a file of weights is missing; safetensors names it in the text alone, as the last word."""
    if not isinstance(error, FileNotFoundError):
        return False
    name = error.filename or str(error)
    return str(name).rstrip("'\"").endswith(WEIGHTS)


def _last_line(error: BaseException) -> str:
    return traceback.format_exception_only(error)[-1].strip()


def _offered() -> str:
    from importlib import metadata

    found = {each.metadata["Name"].lower(): each.version for each in metadata.distributions()}
    named = [f"{name} {found[name]}" for name in NOTABLE if name in found]
    others = len(found) - len(named)
    return ", ".join(named + [f"{others} others"] * (others > 0)) or "none"
