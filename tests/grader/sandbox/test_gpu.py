"""Leases and quarantine everywhere; the device itself where there is one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from grader.errors import BadSubmission, SandboxError
from grader.sandbox import Allowance, gpu, probe
from grader.sandbox.cold import ColdSandbox
from grader.spec import MIB, Budget, Limits

Ask = Callable[..., np.ndarray]
Pack = Callable[..., bytes]
GIB = 1 << 30
LIMITS = Limits(gpu=True, memory_bytes=16 * GIB)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A /dev with two GPUs, as the driver lays it out."""
    dev = tmp_path / "dev"
    dev.mkdir()
    for name in ("nvidia0", "nvidia1", *gpu.COMMON, "nvidia-modeset"):
        (dev / name).touch()
    return dev


def test_a_lease_is_of_one_gpu_and_its_nodes(machine: Path, tmp_path: Path) -> None:
    with (
        gpu.lease(folder=tmp_path, dev=machine, used=lambda _: 0) as first,
        gpu.lease(folder=tmp_path, dev=machine, used=lambda _: 0) as second,
    ):
        assert (first.number, second.number) == (0, 1)
        assert f"{machine}/nvidia1" in second.nodes
        assert f"{machine}/nvidia0" not in second.nodes
        with pytest.raises(SandboxError, match="no GPU is free"), gpu.lease(folder=tmp_path, dev=machine):
            pass
    assert first.nodes[1:] == tuple(f"{machine}/{name}" for name in gpu.COMMON)


def test_a_gpu_that_does_not_come_clean_is_quarantined(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "CLEAN_SECONDS", 0.2)
    readings: Iterator[int] = iter([100 * MIB, *[5 * GIB] * 1000])
    with gpu.lease(folder=tmp_path, dev=machine, used=lambda _: next(readings)) as dirty:
        assert dirty.number == 0
    assert "5020 MiB were still in use" in (tmp_path / "0.quarantined").read_text()
    with gpu.lease(folder=tmp_path, dev=machine, used=lambda _: 0) as next_one:
        assert next_one.number == 1
    (tmp_path / "0.quarantined").unlink()
    with gpu.lease(folder=tmp_path, dev=machine, used=lambda _: 0) as healed:
        assert healed.number == 0


def test_memory_that_is_freed_late_is_waited_for(machine: Path, tmp_path: Path) -> None:
    readings: Iterator[int] = iter([0, 5 * GIB, 5 * GIB, 0])
    with gpu.lease(folder=tmp_path, dev=machine, used=lambda _: next(readings)):
        pass
    assert not (tmp_path / "0.quarantined").exists()


@pytest.mark.parametrize("fails_at", [0, 1], ids=["before", "after"])
def test_one_whose_memory_cannot_be_read_is_quarantined(machine: Path, tmp_path: Path, fails_at: int) -> None:
    """Before a submission it is an error, once; what was graded on it is graded."""
    readings: Iterator[int] = iter([0] * fails_at)

    def used(number: int) -> int:
        for reading in readings:
            return reading
        raise SandboxError("the GPU's memory can't be read")

    def leased() -> int:
        with gpu.lease(folder=tmp_path, dev=machine, used=used) as one:
            return one.number

    if fails_at:
        assert leased() == 0
    else:
        with pytest.raises(SandboxError, match="can't be read"):
            leased()
    assert "can't be read" in (tmp_path / "0.quarantined").read_text()
    with gpu.lease(folder=tmp_path, dev=machine, used=lambda _: 0) as next_one:
        assert next_one.number == 1


def test_a_folder_that_cannot_be_made_is_our_fault(machine: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(SandboxError, match="no GPU can be leased"),
        gpu.lease(folder=tmp_path / "file" / "gpus", dev=machine, used=lambda _: 0),
    ):
        pass


def test_no_gpu_is_said_plainly(tmp_path: Path, cold: ColdSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpu.present(tmp_path) == []
    monkeypatch.setattr(gpu, "present", lambda *_: [])
    layer = probe.probe_gpu(cold)
    assert (layer.live, layer.required) == (False, False)
    assert "no NVIDIA GPU" in layer.probe
    if cold.groups:
        with pytest.raises(SandboxError, match="no GPU is free"):
            cold.open(b"", LIMITS, Allowance(60), public=True)


def test_a_gpu_needs_control_groups() -> None:
    with pytest.raises(SandboxError, match="a GPU needs control groups"):
        ColdSandbox(groups=lambda: None).open(b"", LIMITS, Allowance(60), public=True)


def test_binds_name_the_driver_and_no_other_gpu(machine: Path, tmp_path: Path) -> None:
    with gpu.lease(folder=tmp_path, dev=machine, used=lambda _: 0) as leased:
        words = gpu.words()
    assert len(leased.nodes) == 4
    assert "nvidia1" not in " ".join(leased.nodes)
    assert words[words.index("CUDA_VISIBLE_DEVICES") + 1] == "0"


# ---------------------------------------------------------------- on a real device

on_gpu = pytest.mark.skipif(not gpu.present(), reason="no NVIDIA GPU on this machine")


def on_device(body: str) -> str:
    method = f"class M:\n    def ask(self, x):\n        {body}\n"
    return f"import os, time, torch\n{method}def load(f, device): return M()\n"


@pytest.mark.gpu
@on_gpu
def test_the_layer_is_live(cold: ColdSandbox) -> None:
    layer = probe.probe_gpu(cold)
    assert layer.live, layer


@pytest.mark.gpu
@on_gpu
def test_a_hog_leaves_nothing_behind(cold: ColdSandbox, pack: Pack, ask: Ask) -> None:
    """Class 48: most of the device's memory, held by a daemon; the next submission gets all of it."""
    before = gpu.used_bytes(0)
    hog = """
        self.kept = torch.empty(int(torch.cuda.mem_get_info()[0] * .8), dtype=torch.uint8, device="cuda")
        if os.fork() == 0: time.sleep(600)
        return x"""
    x = np.ones(1, np.float32)
    for _ in range(2):
        with cold.open(pack(on_device(hog)), LIMITS, Allowance(300), public=True) as session:
            ask(session, "ask", (1,), x)
    assert gpu.used_bytes(0) <= before + gpu.TOLERANCE


@pytest.mark.gpu
@on_gpu
def test_what_the_last_one_left_in_memory_is_not_seen(cold: ColdSandbox, pack: Pack, ask: Ask) -> None:
    write = 'self.kept = torch.full((1 << 28,), 77, dtype=torch.uint8, device="cuda"); return x'
    look = 'return (torch.empty(1 << 28, dtype=torch.uint8, device="cuda") == 77).float().mean().reshape(1)'
    x = np.ones(1, np.float32)
    with cold.open(pack(on_device(write)), LIMITS, Allowance(300), public=True) as session:
        ask(session, "ask", (1,), x)
    with cold.open(pack(on_device(look)), LIMITS, Allowance(300), public=True) as session:
        assert ask(session, "ask", (1,), x)[0] < 0.5


@pytest.mark.gpu
@on_gpu
def test_too_much_is_the_students_fault(cold: ColdSandbox, pack: Pack, ask: Ask) -> None:
    body = 'return torch.empty(1 << 45, dtype=torch.uint8, device="cuda")[:1].float()'
    with (
        cold.open(pack(on_device(body)), LIMITS, Allowance(300), public=True) as session,
        pytest.raises(BadSubmission) as caught,
    ):
        ask(session, "ask", (1,), np.ones(1, np.float32))
    assert caught.value.reason == "memory"


TRAINS = """
import time
import torch

def train(data, out, budget, device, seed):
    x = torch.ones(1 << 20, device=device)
    while budget.step(float(x.mean())):
        x = x * 1.0
        (out / "device.txt").write_text(device.type)
"""


@pytest.mark.gpu
@on_gpu
def test_a_training_has_the_device_and_a_budget_by_the_clock(cold: ColdSandbox, pack: Pack) -> None:
    before = gpu.used_bytes(0)
    archive = pack(on_device("return x"), **{"train.py": TRAINS})
    with cold.open_training(archive, LIMITS, Budget(gpu_seconds=5.0)) as session:
        trained = session.train({}, 0, lambda *_: None)
    assert b"cuda" in trained.checkpoint
    assert not trained.cut
    assert 4.0 < session.usage.gpu_seconds <= 5.0
    assert gpu.used_bytes(0) <= before + gpu.TOLERANCE
