"""Which kind of machine this is: what figures may depend on besides code, data and seed."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
COMPUTING = ("torch", "numpy")  # whose kernels round as their version and the processor have it


@cache
def kind() -> str:
    """Processor, Python, and the packages that compute: where two have the same, results may be compared bit
    for bit.
    """
    return " · ".join([_processor(), f"Python {platform.python_version()}", *map(_package, COMPUTING)])


def _processor() -> str:
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return f"{platform.machine()} {next(named, platform.processor())}".strip()


def _package(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"no {name}"
