"""What bubblewrap is told: an empty machine, read-only, with the runtime, /proc, /dev and one sized /tmp."""

import os
import shutil
from pathlib import Path

from grader.errors import SandboxError
from grader.spec import MIB, Limits

NOBODY = "65534"
SCRATCH = "/tmp"  # noqa: S108 - inside
FOLDER = f"{SCRATCH}/submission"
SHARED = "/dev/shm"  # noqa: S108
FILES_BESIDES = 4_000  # a submission's own files come on top
SHARED_MEMORY = 64 * MIB  # /dev/shm: DataLoader workers hand tensors over through it
HOSTNAME = "sandbox"
PROC = Path("/proc")
# Of the files about the whole machine: what libraries need to know of its processors, and what never changes.
SHOWN = ("cpuinfo", "filesystems", "version")
SHOWN_FOR_GPU = ("devices", "driver", "meminfo", "modules", "stat", "sys")
SYSCTLS_READ_ONLY = ["--ro-bind", "/proc/sys", "/proc/sys"]  # some are of its own namespaces: its uid's
# Source and target of each. A shared map of /dev/zero is memory that nothing counts.
DEVICES = [[f"/dev/{name}", f"/dev/{name}"] for name in ("null", "full", "random", "urandom", "tty")]
DEVICES += [["/dev/null", "/dev/zero"]]
NAMESPACES = ("user", "pid", "net", "ipc", "uts", "cgroup-try")
START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from runner import {module};"
    " del sys.path[0]; {module}.main(int(sys.argv[2]))"
)


def program() -> Path:
    """Raises SandboxError when bubblewrap is not installed."""
    found = shutil.which("bwrap")
    if not found:
        raise SandboxError(
            "bubblewrap is not installed",
            expected="the program bwrap on PATH",
            next_step="apt install bubblewrap (or dnf, pacman, zypper)",
        )
    return Path(found)


def arguments(limits: Limits, *, info: int) -> list[str]:
    """All but the binds, devices, the scratch tmpfs and the final --remount-ro, which the launcher adds."""
    words = [f"--unshare-{name}" for name in NAMESPACES]
    words += ["--uid", NOBODY, "--gid", NOBODY, "--hostname", HOSTNAME]
    # The runner itself is pid 1: bubblewrap's own init would have its uid but no filter and no limits, and
    # student code could act through it by writing /proc/1/mem.
    words += [
        "--as-pid-1",
        "--new-session",
        "--die-with-parent",
        "--cap-drop",
        "ALL",
        "--info-fd",
        str(info),
        "--clearenv",
    ]
    for name, value in environment(SCRATCH, limits.threads).items():
        words += ["--setenv", name, value]
    for folder in ("/lib64", "/usr/lib", "/usr/lib64"):  # the loader's own search path, with no cache to read
        words += ["--symlink", "/lib", folder]
    words += ["--proc", "/proc", "--dev", "/dev"]
    return [*words, "--chdir", "/"]


def hidden(limits: Limits) -> dict[str, str]:
    """Paths of /proc that tell of the whole machine, and what stands there instead (see `runner.nest`).

    Counters since boot are a store that outlives every sandbox; anyone can drive some of them.
    """
    shown = SHOWN + (SHOWN_FOR_GPU if limits.gpu else ())
    with os.scandir(PROC) as entries:
        covered = [
            each for each in entries if not (each.name.isdigit() or each.name in shown or each.is_symlink())
        ]
        found = {each.path: "/" if each.is_dir() else "" for each in covered}
    if not limits.gpu:
        found[str(PROC / "meminfo")] = _meminfo(limits.memory_bytes)
    return found


def covers(limits: Limits) -> tuple[list[str], dict[str, str]]:
    """The same as arguments, and texts that the launcher hands over. /dev/null, bound so, can't be opened."""
    words, texts = list(SYSCTLS_READ_ONLY), {}
    for path, content in hidden(limits).items():
        if content == "/":
            words += ["--tmpfs", path, "--remount-ro", path]
        elif content:
            texts[path] = content
        else:
            words += ["--ro-bind", "/dev/null", path]
    return words, texts


def _meminfo(count: int) -> str:
    """As if its own memory were the machine's, all of it free."""
    names = ("MemTotal", "MemFree", "MemAvailable")
    return "".join(f"{name + ':':<16}{count >> 10:>8} kB\n" for name in names)


def command(python: str, folder: str, channel: int, module: str = "main") -> list[str]:
    """Start a module of the runner, found in `folder`; no site: no .pth, sitecustomize or user's packages."""
    flags = ["-I", "-S", "-B", "-X", "utf8"]
    return [python, *flags, "-c", START.format(module=module), folder, str(channel)]


def environment(home: str, threads: int) -> dict[str, str]:
    """All that a sandbox knows of the world. PyTorch asks for a user's name to place its caches."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {name: str(threads) for name in names} | {
        "HOME": home,
        "TMPDIR": home,
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "PATH": "/python/bin",
    }


def tmpfs(limits: Limits) -> list[tuple[str, int, int]]:
    """What can be written to, inside: target, bytes and number of files of each."""
    files = limits.unpacked_files + FILES_BESIDES
    return [(SCRATCH, scratch_bytes(limits), files), (SHARED, SHARED_MEMORY, FILES_BESIDES)]


def scratch_bytes(limits: Limits) -> int:
    """The submission itself lies there too."""
    return limits.unpacked_bytes + limits.scratch_bytes
