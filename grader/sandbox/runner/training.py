"""A training inside: the student's train(), which tells of itself and goes on when the grader says so.

Nothing here is trusted by the grader: it counts time itself, and keeps what it was given last. What is left
of the budget is what the grader said last, so that a training can be repeated: it is then told the same at
the same calls, however fast the machine is.
"""

import importlib
import io
import math
import os
import sys
import time
import zipfile
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .faults import Fault
from .submission import Spec, Submission, tensor

TELL_SECONDS = 1.0  # between two reports
TELL_SHARES = 0.002, 0.01  # of the budget: not more often than the one, nor less often than the other
MOST_FILES = 1_000  # whose names fit into what a checkpoint may have on top of its bytes
KEPT_BACK = 0.05  # of the time, for train() to save what it has once it was told to stop
DONE, GOES_ON = 1, 0


class Line(Protocol):
    """The runner's channel."""

    def receive(self) -> tuple[dict[str, Any], int]: ...
    def reply(self, body: "list[memoryview | bytes]") -> None: ...


class Budget:
    """What train() is given: `seconds` of processor time (on a GPU of the clock) in all, `left()` of them as
    of about a second ago, and `step`.
    """

    def __init__(self, training: "Training", seconds: float) -> None:
        self.seconds = seconds
        self._training = training
        self._pid = os.getpid()

    def step(self, loss: float = math.nan) -> bool:
        """Call it once a step, after saving what is to be kept; False: save and return."""
        if os.getpid() == self._pid:  # a worker that was forked has no say
            self._training.count(float(loss))
            self._training.call(seal=True)
        return self._training.left > KEPT_BACK * self.seconds

    def left(self) -> float:
        if os.getpid() == self._pid:
            self._training.call(seal=False)
        return self._training.left


class Training:
    """One call of train(). `sealed` is `out` as it was when last told of: a zip of its files."""

    def __init__(self, line: Line, submission: Submission) -> None:
        self.sealed = b""
        self._line = line
        self._submission = submission
        self._out = submission.folder.parent / "out"
        self._most = 0
        self.left = 0.0  # seconds, as the grader said last
        self._steps, self._loss = 0, math.nan
        self._calls = 0  # of the budget's: what moments are counted in
        self._beats: deque[int] | None = None  # at which calls to tell, in a training that is repeated
        self._pace = TELL_SECONDS
        self._told = self._told_whole = time.monotonic()
        self._seen: object = None

    def run(self, head: Mapping[str, Any], given: Mapping[str, tuple[bytearray, Spec]]) -> list[memoryview]:
        """Train, and report. Raises Fault, or what the student's code raises."""
        self._most = head["checkpoint_bytes"]
        self.left = head["seconds"]
        least, most = (share * self.left for share in TELL_SHARES)
        self._pace = max(least, min(TELL_SECONDS, most))
        self._beats = None if head["beats"] is None else deque(head["beats"])
        self._out.mkdir()
        data = {name: tensor(*each) for name, each in given.items()}
        budget = Budget(self, head["seconds"])
        self._function()(data, self._out, budget, self._submission.device, head["seed"])
        return self._report(DONE, seal=True)

    def count(self, loss: float) -> None:
        """A step was made."""
        self._steps, self._loss = self._steps + 1, loss

    def call(self, *, seal: bool) -> None:
        """The budget was asked something: tell of the training if it is time. seal: `out` is whole now."""
        self._calls += 1
        if not self._is_time(whole=seal):
            return
        self._line.reply(list(self._report(GOES_ON, seal=seal)))
        head, _ = self._line.receive()
        if head["do"] == "checkpoint":
            self._line.reply([self.sealed])
            head, _ = self._line.receive()
        self.left = head["left"]
        self._told = time.monotonic()
        if seal:
            self._told_whole = self._told

    def _is_time(self, *, whole: bool) -> bool:
        """Steps have a clock of their own: who asks what is left before each would never be sealed."""
        if self._beats is None and whole:
            return time.monotonic() - self._told_whole >= self._pace
        if self._beats is None:
            return time.monotonic() - self._told >= 2 * self._pace
        if not self._beats or self._calls < self._beats[0]:
            return False
        self._beats.popleft()
        return True

    def _function(self) -> Any:
        folder = self._submission.folder
        if not (folder / "train.py").is_file():
            raise _no_train("the submission has no train.py at its root")
        sys.path.insert(0, str(folder))
        function = getattr(importlib.import_module("train"), "train", None)
        if not callable(function):
            raise _no_train("train.py defines no function train")
        return function

    def _report(self, state: int, *, seal: bool) -> list[memoryview]:
        changed = seal and self._seal()
        size = len(self.sealed) if changed else 0
        numbers = np.array([state, self._steps, size, self._calls], "<i8")
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
            for path in files:  # without their times: equal files make equal checkpoints
                bundle.writestr(zipfile.ZipInfo(str(path.relative_to(self._out))), path.read_bytes())
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


def _no_train(what: str) -> Fault:
    return Fault(
        "train_missing",
        what,
        expected="def train(data, out, budget, device, seed): saves what load(out) needs in the folder out",
        next_step="define it in train.py beside model.py; the starter code shows how",
    )
