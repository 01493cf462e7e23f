"""Which kind of machine this is: what figures may depend on besides code, data and seed."""

import platform
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
NVIDIA = Path("/proc/driver/nvidia")
COMPUTING = ("torch", "numpy")  # whose kernels round as their version and the processor have it


@cache
def kind(*, gpu: bool = False) -> str:
    """Processor, Python, and the packages that compute, with a GPU that and its driver: where two have the
    same, results may be compared bit for bit.
    """
    python = f"Python {platform.python_version()}"
    return " · ".join([_processor(), *(_gpus() if gpu else ()), python, *map(_package, COMPUTING)])


def _gpus() -> list[str]:
    """Whichever was leased: of a machine whose GPUs differ all are named."""
    told = "".join(_read(path) for path in sorted(NVIDIA.glob("gpus/*/information")))
    models = sorted({line.split(":", 1)[1].strip() for line in told.splitlines() if line.startswith("Model")})
    driver = re.search(r"Module\s+(?:for\s+\S+\s+)?([\d.]+)", _read(NVIDIA / "version"))
    return [*(models or ["a GPU"]), f"driver {driver[1]}" if driver else "driver unknown"]


def _processor() -> str:
    lines = _read(CPUINFO).splitlines()
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return f"{platform.machine()} {next(named, platform.processor())}".strip()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _package(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"no {name}"
