"""Hundreds of submissions of mixed kinds through two slots, and nothing left of them: run by `make soak`."""

import gc
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest

from grader.errors import BadSubmission
from grader.sandbox import Allowance, Sandbox, Tensor, TensorSpec, cgroup
from grader.sandbox.cold import ColdSandbox
from grader.sandbox.zygote import ZygoteSandbox
from grader.spec import MIB, Limits

Pack = Callable[..., bytes]

SUBMISSIONS, SLOTS, WARM_UP = 500, 2, 40
LIMITS = Limits(memory_bytes=1_200 * MIB)
GROWTH = 30 * MIB  # of this process, over all of them

KINDS = {
    "scored": "return x * 2",
    "raised": "raise ValueError",
    "wrong_shape": "return x[0]",
    "crashed": "os._exit(3)",
    "crashed natively": "__import__('ctypes').string_at(0)",
    "timeout": "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 3, 15)]\n        while True: pass",
    "memory": "return [bytearray(b'x') * (64 << 20) for _ in range(100)]",
    "memory in children": """
        for _ in range(3):
            if os.fork() == 0:
                kept = bytearray(b"x") * (500 << 20)
                time.sleep(60)
        os.wait()
        raise RuntimeError""",
    "scored, with daemons": """
        for _ in range(5):
            if os.fork() == 0:
                os.setsid()
                os.fork()
                time.sleep(600)
        return x * 2""",
    "scored, with a bomb": """
        try:
            while True:
                if os.fork() == 0: time.sleep(600)
        except OSError:
            return x * 2""",
    "scored, with leftovers": """
        for number in range(500): open(f"/tmp/{number}", "wb").write(bytes(10_000))
        print("x" * 1_000_000)
        return x * 2""",
    "load_raised": None,
    "bad_archive": None,
}


def source(body: str) -> str:
    return (
        "import os, signal, time, torch\nclass Model:\n    def denoise(self, x):\n"
        f"        {body}\ndef load(folder, device): return Model()\n"
    )


def archive(kind: str, pack: Pack) -> bytes:
    if kind == "bad_archive":
        return b"no zip at all"
    body = KINDS[kind]
    return pack("raise RuntimeError" if body is None else source(body))


def run(sandbox: Sandbox, data: bytes) -> str:
    spec = TensorSpec("float32", (2, 2))
    seconds = 1.0 if b"SIG_IGN" in data else 60.0
    try:
        with sandbox.open(data, LIMITS, Allowance(seconds), public=True) as session:
            session.call("denoise", [Tensor(spec, np.ones(4, np.float32).tobytes())], [spec])
    except BadSubmission as error:
        return str(error.reason)
    return "scored"


def left() -> dict[str, object]:
    """What this process holds on the machine."""
    gc.collect()
    groups = Path("/sys/fs/cgroup").glob(f"**/{cgroup.PREFIX}{os.getpid()}-*")
    return {
        "processes": sorted(_descent().values()),
        "groups": [str(path) for path in groups],
        "mounts": Path("/proc/self/mountinfo").read_text(),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "files": sorted(name for name in os.listdir("/tmp") if name.startswith("heldout")),  # noqa: S108
        "threads": threading.active_count(),
    }


def _descent() -> dict[int, str]:
    """Pid and name of every process below this one: the zygote's, and what should be gone."""
    parents, names = {}, {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            line = (path / "stat").read_text()
            parents[int(path.name)] = int(line.rpartition(")")[2].split()[1])
            names[int(path.name)] = line.partition("(")[2].rpartition(")")[0]
    below = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return {pid: names[pid] for pid in below - {os.getpid()}}


def resident() -> int:
    """Bytes held by this process and by the zygote, which is the largest below it."""
    pages = {
        pid: int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in [os.getpid(), *_descent()]
    }
    own = pages.pop(os.getpid())
    return (own + max(pages.values(), default=0)) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.soak
@pytest.mark.parametrize("launcher", ["zygote", "cold"])
def test_nothing_is_left_of_hundreds_of_submissions(launcher: str, cold: ColdSandbox, pack: Pack) -> None:
    kinds = list(KINDS)
    archives = {kind: archive(kind, pack) for kind in kinds}
    count = SUBMISSIONS if launcher == "zygote" else SUBMISSIONS // 5
    with closing(ZygoteSandbox(cold) if launcher == "zygote" else cold) as sandbox:
        with ThreadPoolExecutor(SLOTS) as pool:
            list(pool.map(lambda n: run(sandbox, archives[kinds[n % len(kinds)]]), range(WARM_UP)))
        memory = resident()
        sandbox.close()  # the child that waits for the next session, too
        before, started = left(), time.monotonic()
        with ThreadPoolExecutor(SLOTS) as pool:
            verdicts = list(pool.map(lambda n: run(sandbox, archives[kinds[n % len(kinds)]]), range(count)))
        grown = resident() - memory
        sandbox.close()
        after = left()
        seconds = time.monotonic() - started
        print(f"\n{count} submissions through {launcher} in {seconds:.0f} s: {dict(Counter(verdicts))}")
        print(f"memory {grown / MIB:+.1f} MiB, {after['processes']}, {after['descriptors']} descriptors")
    assert after == before
    assert grown < GROWTH
    for number, verdict in enumerate(verdicts):
        expected = kinds[number % len(kinds)].partition(",")[0].split()[0]
        assert verdict == expected, kinds[number % len(kinds)]
