"""GPUs of this machine as those see them who grade: which can be had, and a sandbox that waits for one."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from grader.errors import SandboxError
from grader.sandbox import Allowance, NotebookSession, Sandbox, SandboxSession, TrainingSession, gpu
from grader.spec import Budget, Limits

PATIENCE = 600.0  # seconds: somebody else's training, `heldout check` or `doctor`
LOOK = 0.5  # seconds between two tries
TAKEN = "no GPU is free"  # what a lease says, whose errors have no kinds of their own
Session = TypeVar("Session")


def mark(number: int) -> Path:
    """Is there while a GPU is quarantined, which did not come clean: see `grader.sandbox.gpu.lease`."""
    return gpu.FOLDER / f"{number}.quarantined"


def offered() -> list[int]:
    """The numbers of those that are for this process, and sound."""
    return [number for number in gpu.allowed() if not mark(number).exists()]


class Patient:
    """A sandbox that waits for a GPU which somebody else on this machine has; `seconds` at most.

    See `grader.sandbox.Sandbox`.
    """

    def __init__(self, sandbox: Sandbox, seconds: float = PATIENCE) -> None:
        self._sandbox, self._seconds = sandbox, seconds

    @property
    def launcher(self) -> str:
        return self._sandbox.launcher

    @property
    def layers(self) -> tuple[str, ...]:
        return self._sandbox.layers

    def open(
        self, archive: bytes, limits: Limits, allowance: Allowance, *, public: bool, checkpoint: bytes = b""
    ) -> SandboxSession:
        return self._opened(
            lambda: self._sandbox.open(archive, limits, allowance, public=public, checkpoint=checkpoint)
        )

    def open_training(self, archive: bytes, limits: Limits, budget: Budget) -> TrainingSession:
        return self._opened(lambda: self._sandbox.open_training(archive, limits, budget))

    def open_notebook(self, archive: bytes, limits: Limits, allowance: Allowance) -> NotebookSession:
        return self._opened(lambda: self._sandbox.open_notebook(archive, limits, allowance))

    def close(self) -> None:
        self._sandbox.close()

    def _opened(self, session: Callable[[], Session]) -> Session:
        until = time.monotonic() + self._seconds
        while True:
            try:
                return session()
            except SandboxError as error:
                if error.what != TAKEN or not offered() or time.monotonic() > until:
                    raise
            time.sleep(LOOK)
