"""Where control groups are mounted, and which of them this process is in."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
LIMITS = ("memory.max", "memory.limit_in_bytes")  # of version 2 and 1


@dataclass(frozen=True)
class Mount:
    point: Path
    root: str  # the hierarchy's folder that is mounted
    kind: str
    options: frozenset[str]


def found() -> list[Mount]:
    mounted: list[Mount] = []
    if not MOUNTS.exists():  # no Linux: `check` runs without a sandbox there
        return mounted
    for line in MOUNTS.read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            fields = before.split()
            mounted.append(Mount(Path(fields[4]), fields[3], kind, frozenset(options.split(","))))
    return mounted


def own(controller: str) -> str:
    """This process's group in the hierarchy of a controller; "" is version 2's."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return path
    return "/"


def below(mount: Mount, path: str) -> Path:
    """The folder of a group; where another namespace hides it, what is mounted."""
    folder = mount.point / os.path.relpath(path, mount.root)
    return folder if ".." not in folder.parts and folder.is_dir() else mount.point


def memory_limits() -> Iterator[int]:
    """Bytes, of every group that this process is in: its own and those above it."""
    for mount in found():
        if mount.kind == "cgroup2" or "memory" in mount.options:
            folder = below(mount, own("" if mount.kind == "cgroup2" else "memory"))
            for each in [folder, *folder.parents][: len(folder.relative_to(mount.point).parts) + 1]:
                for name in LIMITS:
                    with suppress(OSError, ValueError):  # absent, or "max"
                        yield int((each / name).read_text())
