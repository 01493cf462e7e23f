"""A training inside: the student's train(), which tells of itself and goes on when the grader says so.

Nothing here is trusted by the grader: it counts processor time itself, and keeps what it was given last.
"""

import importlib
import io
import math
import os
import resource
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .faults import Fault
from .submission import Spec, Submission, tensor

TELL_SECONDS = 1.0  # between two reports
MOST_FILES = 1_000  # whose names fit into what a checkpoint may have on top of its bytes
KEPT_BACK = 0.05  # of the time, for train() to save what it has once it was told to stop
DONE, GOES_ON = 1, 0


class Line(Protocol):
    """The runner's channel."""

    def receive(self) -> tuple[dict[str, Any], int]: ...
    def reply(self, body: "list[memoryview | bytes]") -> None: ...


class Budget:
    """What train() is given: `seconds` of processor time in all, `left()` of them, and `step`."""

    def __init__(self, training: "Training", seconds: float) -> None:
        self.seconds = seconds
        self._training = training
        self._pid = os.getpid()

    def step(self, loss: float = math.nan) -> bool:
        """Call it once a step, after saving what is to be kept; False: save and return."""
        if os.getpid() == self._pid:  # a worker that was forked has no say
            self._training.count(float(loss))
        return self.left() > KEPT_BACK * self.seconds

    def left(self) -> float:
        return self._training.left()


class Training:
    """One call of train(). `sealed` is `out` as it was when last told of: a zip of its files."""

    def __init__(self, line: Line, submission: Submission) -> None:
        self.sealed = b""
        self._line = line
        self._submission = submission
        self._out = submission.folder.parent / "out"
        self._most = 0
        self._left, self._marked = 0.0, 0.0  # seconds that were left when this process had used so many
        self._steps, self._loss = 0, math.nan
        self._told = time.monotonic()
        self._seen: object = None

    def run(self, head: Mapping[str, Any], given: Mapping[str, tuple[bytearray, Spec]]) -> list[memoryview]:
        """Train, and report. Raises Fault, or what the student's code raises."""
        self._most = head["checkpoint_bytes"]
        self._left, self._marked = head["seconds"], _used()
        self._out.mkdir()
        data = {name: tensor(*each) for name, each in given.items()}
        budget = Budget(self, head["seconds"])
        self._function()(data, self._out, budget, self._submission.device, head["seed"])
        return self._report(DONE)

    def count(self, loss: float) -> None:
        """A step was made: tell of it if it is time."""
        self._steps, self._loss = self._steps + 1, loss
        if time.monotonic() - self._told < TELL_SECONDS:
            return
        self._line.reply(list(self._report(GOES_ON)))
        head, _ = self._line.receive()
        if head["do"] == "checkpoint":
            self._line.reply([self.sealed])
            head, _ = self._line.receive()
        self._left, self._marked = head["left"], _used()
        self._told = time.monotonic()

    def left(self) -> float:
        return self._left - (_used() - self._marked)

    def _function(self) -> Any:
        folder = self._submission.folder
        if not (folder / "train.py").is_file():
            raise _no_train("the submission has no train.py at its root")
        sys.path.insert(0, str(folder))
        function = getattr(importlib.import_module("train"), "train", None)
        if not callable(function):
            raise _no_train("train.py defines no function train")
        return function

    def _report(self, state: int) -> list[memoryview]:
        changed = self._seal()
        numbers = np.array([state, self._steps, len(self.sealed) if changed else 0], "<i8")
        return [numbers.view(np.uint8).data, np.array([self._loss], "<f4").view(np.uint8).data]

    def _seal(self) -> bool:
        """Pack `out` if its files have changed. Only whole files: train() is not writing while it tells."""
        files = sorted(path for path in self._out.rglob("*") if path.is_file() and not path.is_symlink())
        seen = [(str(path), found.st_size, found.st_mtime_ns) for path in files if (found := path.stat())]
        if not files or seen == self._seen:
            return False
        self._check(files, sum(each[1] for each in seen))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as bundle:  # stored: packing is the student's time
            for path in files:
                bundle.write(path, path.relative_to(self._out))
        self.sealed, self._seen = packed.getvalue(), seen
        return True

    def _check(self, files: Sequence[Path], size: int) -> None:
        if size > self._most or len(files) > MOST_FILES:
            raise Fault(
                "train_raised",
                f"train() saved {size / 1e6:.1f} MB in {len(files)} files",
                expected=f"at most {self._most / 1e6:.1f} MB in {MOST_FILES} files",
                next_step="save the weights alone, as float16 perhaps, in one file",
            )
        names = [path.relative_to(self._out) for path in files]
        twice = [name for name in names if (self._submission.folder / name).exists()]
        if twice:
            raise Fault(
                "train_raised",
                f"train() saved {twice[0]}, which you handed in, too",
                expected="names in out that the submission's folder does not have",
                next_step="save it under another name: both will lie in one folder",
            )


def _used() -> float:
    """Processor seconds of this process and of those that it has seen end."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _no_train(what: str) -> Fault:
    return Fault(
        "train_missing",
        what,
        expected="def train(data, out, budget, device, seed): saves what load(out) needs in the folder out",
        next_step="define it in train.py beside model.py; the starter code shows how",
    )
