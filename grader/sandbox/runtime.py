"""What student code runs on: an interpreter, its packages and the shared libraries they ask for.

Inside it looks the same everywhere: /python, /packages, /lib. Nothing else of the machine is bound:
/usr, /usr/lib and /usr/share hold data sets.
"""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from grader.errors import SandboxError
from grader.sandbox import elf

RUNNER = Path(__file__).parent / "runner"
DESCRIBE = """
import json, os, site, sys, sysconfig
print(json.dumps({
    "executable": os.path.realpath(sys.executable),
    "version": "%d.%d" % sys.version_info[:2],
    "prefix": sys.base_prefix,
    "standard": sorted({sysconfig.get_path(p, vars={"base": sys.base_prefix, "platbase": sys.base_prefix,
        "installed_base": sys.base_prefix, "installed_platbase": sys.base_prefix})
        for p in ("stdlib", "platstdlib")}),
    "packages": [p for p in site.getsitepackages() if os.path.isdir(p)],
}))
"""


@dataclass(frozen=True)
class Bind:
    source: str
    target: str


@dataclass(frozen=True)
class Runtime:
    """`python` starts inside; `packages` are import paths inside; `binds` make both appear."""

    python: str
    packages: tuple[str, ...]
    binds: tuple[Bind, ...]


@dataclass(frozen=True)
class Interpreter:
    """Where an environment's parts lie outside."""

    executable: Path  # behind the links of a virtual environment
    version: str
    prefix: Path
    standard: tuple[Path, ...]
    packages: tuple[Path, ...]


def interpreter(python: Path) -> Interpreter:
    """Ask `python` where its parts lie. Raises SandboxError when it does not start."""
    command = [str(python), "-I", "-c", DESCRIBE]
    try:
        answer = subprocess.run(
            command, capture_output=True, check=True, timeout=60, stdin=subprocess.DEVNULL
        )
        found = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise SandboxError(
            "the student runtime does not start",
            where=str(python),
            expected="a Python interpreter with torch and numpy",
            next_step="install it again: remove .venv and run make",
        ) from error
    return Interpreter(
        executable=Path(found["executable"]),
        version=found["version"],
        prefix=Path(found["prefix"]),
        standard=tuple(map(Path, found["standard"])),
        packages=tuple(map(Path, found["packages"])),
    )


def describe(python: Path) -> Runtime:
    """Everything that must be bound for `python` and its packages. Takes about 0.1 s: keep the answer."""
    found = interpreter(python)
    executable = f"/python/bin/python{found.version}"
    binds = [Bind(str(found.executable), executable), Bind(str(RUNNER), "/heldout/runner")]
    binds += [Bind(str(path), f"/python/{path.relative_to(found.prefix)}") for path in found.standard]
    packages = [Bind(str(path), f"/packages/{number}") for number, path in enumerate(found.packages)]
    libraries = [Bind(str(path), f"/lib/{name}") for name, path in sorted(_libraries(found).items())]
    return Runtime(
        python=executable,
        packages=tuple(bind.target for bind in packages),
        binds=tuple(binds + packages + libraries),
    )


def _libraries(found: Interpreter) -> dict[str, Path]:
    """Name → file of each library outside the bound folders: the closure of what ELF files ask for.

    What is not found is left out: packages name libraries of devices that this machine lacks.
    """
    bound = (*found.standard, *found.packages)
    loader = elf.read(found.executable).loader
    libraries = {Path(loader).name: Path(loader)} if loader else {}
    installed = loader_cache()
    queue = [found.executable, *(file for folder in bound for file in _shared_objects(folder))]
    while queue:
        file = queue.pop()
        wanted = elf.read(file)
        for name in wanted.needed:
            path = _beside(name, file, wanted.search) or installed.get(name)
            if path and name not in libraries and not any(path.is_relative_to(root) for root in bound):
                libraries[name] = path
                queue.append(path)
    return {name: path.resolve() for name, path in libraries.items()}


def _shared_objects(folder: Path) -> list[Path]:
    named = re.compile(r"\.so(\.[\d.]+)?$")
    walk = os.walk(folder)
    return [Path(parent, name) for parent, _, names in walk for name in names if named.search(name)]


def _beside(name: str, file: Path, search: tuple[str, ...]) -> Path | None:
    for folder in search:
        path = Path(re.sub(r"\$ORIGIN|\$\{ORIGIN\}", str(file.parent), folder), name)
        if os.path.isfile(
            path
        ):  # Path.is_file raises for a build machine's folder that lies in a closed home
            return Path(os.path.normpath(path))
    return None


def loader_cache() -> dict[str, Path]:
    """What the dynamic loader finds by name alone: the first entry of each name wins."""
    command = ["ldconfig", "-p"]
    path = {"PATH": "/sbin:/usr/sbin:/bin:/usr/bin", "LC_ALL": "C"}
    try:
        listing = subprocess.run(command, capture_output=True, text=True, check=True, env=path).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxError(
            "the list of shared libraries can't be read",
            where="ldconfig -p",
            next_step="run the grader on a Linux with glibc, or in its container image",
        ) from error
    libraries: dict[str, Path] = {}
    for entry in re.finditer(r"^\t(\S+) \(libc6,(?:x86-64|AArch64)[^)]*\) => (.+)$", listing, re.MULTILINE):
        libraries.setdefault(entry[1], Path(entry[2]))
    return libraries
