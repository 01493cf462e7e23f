"""One NVIDIA GPU for one sandbox at a time: leased, bound by its device nodes, clean again afterwards.

Cold sandboxes only. Written to NVIDIA's documented device nodes; tests of it run where a GPU is present.
A share of a GPU's memory is advisory (`set_per_process_memory_fraction`), so that a lease is of a whole GPU.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from grader.errors import SandboxError
from grader.sandbox import bubblewrap
from grader.sandbox.runtime import Bind, loader_cache
from grader.sandbox.slots import first_free
from grader.spec import MIB

FOLDER = Path("/run/heldout/gpus")
COMMON = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools")  # besides nvidiaN
DRIVER = re.compile(r"lib(cuda|nvidia-(ml|ptxjitcompiler|nvvm|gpucomp))\.so")
TOLERANCE = 64 * MIB  # above what was in use before the lease
CLEAN_SECONDS = 10.0  # the driver frees a killed process's memory a little after its exit
UsedBytes = Callable[[int], int]  # by GPU number


@dataclass(frozen=True)
class Gpu:
    number: int
    nodes: tuple[str, ...]  # bound with their devices allowed: a plain bind is nodev


def present(dev: Path = Path("/dev")) -> list[int]:
    """Numbers of the GPUs whose nodes are there; none without the driver's own."""
    if not (dev / "nvidiactl").exists():
        return []
    return sorted(int(path.name.removeprefix("nvidia")) for path in dev.glob("nvidia[0-9]*"))


def allowed(dev: Path = Path("/dev")) -> list[int]:
    """Those of them that are for this process: all, unless CUDA_VISIBLE_DEVICES names some by number."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    found = present(dev)
    if named is None:
        return found
    numbers = {int(word) for word in named.split(",") if word.strip().isdecimal()}
    return [number for number in found if number in numbers]


def used_bytes(number: int) -> int:
    """Memory in use, as NVML tells. Raises SandboxError."""
    try:
        import pynvml
    except ImportError as error:
        raise _unread(number, error) from error
    try:
        pynvml.nvmlInit()
        try:
            return int(pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByIndex(number)).used)
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError as error:
        raise _unread(number, error) from error


def _unread(number: int, error: Exception) -> SandboxError:
    return SandboxError(
        "the GPU's memory can't be read",
        where=f"GPU {number}: {error}",
        expected="NVML and its Python binding",
        next_step="install the extra `heldout[gpu]`, and the driver's libnvidia-ml",
    )


@contextmanager
def lease(*, folder: Path = FOLDER, dev: Path = Path("/dev"), used: UsedBytes = used_bytes) -> Iterator[Gpu]:
    """A GPU that no other sandbox of this machine has; on leaving, its memory must be what it was before.

    A GPU that does not come clean, or whose memory can't be read, is quarantined: nobody gets it until a
    person removes the file that says so. Raises SandboxError when none is free, or its memory can't be read.
    """
    number, descriptor = _leased(folder, allowed(dev))
    try:
        before = _used(folder, number, used)
        nodes = (f"nvidia{number}", *COMMON)
        yield Gpu(number, tuple(str(dev / name) for name in nodes if (dev / name).exists()))
        with suppress(SandboxError):  # what was graded is graded
            left = _left(lambda: _used(folder, number, used) - before)
            if left > TOLERANCE:
                told = f"{left / MIB:.0f} MiB were still in use after a submission had ended"
                _quarantine(folder, number, told)
    finally:
        os.close(descriptor)


def _leased(folder: Path, numbers: list[int]) -> tuple[int, int]:
    """A GPU's number and the descriptor that holds its lock. Raises SandboxError."""
    quarantined = [number for number in numbers if _mark(folder, number).exists()]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = first_free(folder, [number for number in numbers if number not in quarantined])
    except OSError as error:
        raise SandboxError(
            "no GPU can be leased",
            where=f"{folder}: {error.strerror}",
            expected="a folder that root can write",
            next_step="run the grader as root, with a writable /run",
        ) from error
    if found is None:
        raise SandboxError(
            "no GPU is free",
            where=f"{len(numbers)} present, quarantined: {quarantined or 'none'}",
            expected="one GPU for each submission that runs at a time",
            next_step=f"grade fewer at a time; reset a quarantined GPU and remove its file in {folder}",
        )
    return found


def _used(folder: Path, number: int, used: UsedBytes) -> int:
    try:
        return used(number)
    except SandboxError as error:  # else each that comes would fail on it, to its last attempt
        _quarantine(folder, number, str(error))
        raise


def _left(more: Callable[[], int]) -> int:
    """Bytes in use beyond what was, once they are few or it has taken too long."""
    deadline = time.monotonic() + CLEAN_SECONDS
    while (left := more()) > TOLERANCE and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def _mark(folder: Path, number: int) -> Path:
    return folder / f"{number}.quarantined"


def _quarantine(folder: Path, number: int, why: str) -> None:
    _mark(folder, number).write_text(f"{why}\n")


def words() -> list[str]:
    """bubblewrap's arguments, besides the nodes: /sys, without which cuInit fails with error 304."""
    named = environment(bubblewrap.SCRATCH).items()
    return ["--ro-bind", "/sys", "/sys", *(word for pair in named for word in ("--setenv", *pair))]


def driver_libraries() -> list[Bind]:
    """The driver's own libraries, which belong to the machine and not to any package."""
    with suppress(SandboxError):
        found = {name: path for name, path in loader_cache().items() if DRIVER.match(name)}
        return [Bind(str(path.resolve()), f"/lib/{name}") for name, path in sorted(found.items())]
    return []


def environment(home: str) -> dict[str, str]:
    """The only node bound is the leased one's: CUDA counts it as its first. Caches lie on the tmpfs."""
    caches = ("CUDA_CACHE_PATH", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")
    return {"CUDA_VISIBLE_DEVICES": "0"} | {name: f"{home}/.cache/{name.lower()}" for name in caches}
