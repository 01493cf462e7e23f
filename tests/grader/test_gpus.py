"""Who waits for a GPU, and who doesn't: on leases as they are, of a machine that has none."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from grader import gpus
from grader.errors import SandboxError
from grader.gpus import Patient
from grader.sandbox import Allowance, gpu
from grader.spec import Budget, Limits

LIMITS = Limits(gpu=True)


class Leasing:
    """A sandbox that leases a GPU for a session, and does nothing else."""

    launcher, layers = "leasing", ()

    def __init__(self, folder: Path, dev: Path) -> None:
        self._folder, self._dev = folder, dev
        self.tried = threading.Event()

    def open(self, *what: Any, **more: Any) -> Any:
        with ExitStack() as held:
            try:
                held.enter_context(gpu.lease(folder=self._folder, dev=self._dev, used=lambda _: 0))
            finally:
                self.tried.set()
            return held.pop_all()

    def open_training(self, *what: Any) -> Any:
        return self.open(*what)

    def open_notebook(self, *what: Any) -> Any:
        return self.open(*what)

    def close(self) -> None: ...


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Leasing:
    """One with a single GPU."""
    for name in ("nvidia0", "nvidiactl"):
        (tmp_path / name).touch()
    monkeypatch.setattr(gpu, "FOLDER", tmp_path / "gpus")
    monkeypatch.setattr(gpu, "allowed", lambda *_: [0])
    monkeypatch.setattr(gpus, "LOOK", 0.01)
    return Leasing(tmp_path / "gpus", tmp_path)


OPEN: dict[str, Callable[[Patient], Any]] = {
    "answers": lambda patient: patient.open(b"", LIMITS, Allowance(1), public=True),
    "training": lambda patient: patient.open_training(b"", LIMITS, Budget()),
}


@pytest.mark.parametrize("how", OPEN)
def test_a_gpu_that_somebody_has_is_waited_for(machine: Leasing, how: str) -> None:
    patient, got = Patient(machine), []
    first = patient.open(b"", LIMITS, Allowance(1), public=True)
    machine.tried.clear()
    waiting = threading.Thread(target=lambda: got.append(OPEN[how](patient)))
    waiting.start()
    assert machine.tried.wait(60)
    assert not got
    first.__exit__(None, None, None)
    waiting.join(60)
    assert len(got) == 1
    got[0].close()


def test_it_is_not_waited_for_for_ever(machine: Leasing) -> None:
    with (
        Patient(machine).open(b"", LIMITS, Allowance(1), public=True),
        pytest.raises(SandboxError, match="no GPU is free"),
    ):
        Patient(machine, seconds=0.05).open(b"", LIMITS, Allowance(1), public=True)


def test_one_that_is_quarantined_is_neither_offered_nor_waited_for(machine: Leasing) -> None:
    assert gpus.offered() == [0]
    gpu.FOLDER.mkdir(exist_ok=True)
    gpus.mark(0).touch()
    assert gpus.offered() == []
    with pytest.raises(SandboxError, match="no GPU is free"):
        Patient(machine, seconds=3600.0).open(b"", LIMITS, Allowance(1), public=True)
    gpus.mark(0).unlink()
    with Patient(machine).open(b"", LIMITS, Allowance(1), public=True):
        pass


def test_other_trouble_is_nothing_to_wait_for() -> None:
    class Broken(Leasing):
        def open(self, *what: Any, **more: Any) -> Any:
            raise SandboxError("bubblewrap is missing")

    with pytest.raises(SandboxError, match="bubblewrap is missing"):
        Patient(Broken(Path(), Path())).open(b"", LIMITS, Allowance(1), public=True)
