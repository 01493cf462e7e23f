"""What honest code does, within limits, with each launcher: workers, files, threads; and what it is told."""

import re
import textwrap
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from grader.errors import BadSubmission, HeldoutError, Reason, SandboxError
from grader.sandbox import Allowance, Sandbox, SandboxSession, cgroup
from grader.sandbox.cold import ColdSandbox
from grader.spec import MIB, Limits

Ask = Callable[..., np.ndarray]
Pack = Callable[..., bytes]

HEAD = "import io, multiprocessing, os, subprocess, sys, threading, time, torch\n"
WORKLOADS = {
    "DataLoader workers": """
        from torch.utils.data import DataLoader, TensorDataset
        data = TensorDataset(torch.randn(1000, 1, 28, 28), torch.arange(1000))
        seen = [label for _, labels in DataLoader(data, batch_size=100, num_workers=2) for label in labels]
        assert len(seen) == 1000""",
    "a pool of processes": """
        with multiprocessing.Pool(2) as pool:
            assert pool.map(abs, [-1, 2]) == [1, 2]""",
    "threads": """
        threads = [threading.Thread(target=torch.randn, args=(100, 100)) for _ in range(20)]
        [thread.start() for thread in threads], [thread.join() for thread in threads]
        torch.set_num_threads(2)
        torch.randn(500, 500) @ torch.randn(500, 500)""",
    "torch.save and torch.load": """
        for place in (io.BytesIO(), "/tmp/weights.pt", "weights.pt"):
            torch.save({"weights": x}, place)
            place.seek(0) if hasattr(place, "seek") else None
            assert torch.load(place)["weights"].equal(x)""",
    "training steps": """
        model = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU())
        optimizer = torch.optim.Adam(model.parameters())
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.randn(8, 1, 28, 28)).pow(2).mean().backward()
            optimizer.step()""",
    "other packages": "import numpy, scipy.ndimage, torchvision.transforms",
}
LACKS = {
    "torch.compile": ("torch.compile(lambda v: v * 2 + 1)(x)", "no C++ compiler", "without torch.compile"),
    "a program": (
        "subprocess.run([sys.executable, '-c', ''])",
        "no other program",
        "DataLoader workers do work",
    ),
    "torch.hub": (
        "torch.hub.load('pytorch/vision', 'resnet18')",
        "no network",
        "into the submission's folder",
    ),
    "urllib": ("__import__('urllib.request').request.urlopen('http://heldout.org')", "no network", "folder"),
}
HEADLESS = """
    def hold():
        kept = bytearray(b"x") * (400 << 20)
        time.sleep(60)
    for _ in range(4):
        if os.fork() == 0:
            threading.Thread(target=hold).start()
            __import__("ctypes").CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)
    time.sleep(20)"""
UNREAD = """
    import socket
    server, kept, parked = socket.create_server(("127.0.0.1", 0)), [], 0
    for _ in range(100):
        kept += [socket.create_connection(server.getsockname()), server.accept()[0]]
        for each in kept[-2:]:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
            each.setblocking(False)
            try:
                while parked < 512 << 20:
                    parked += each.send(bytes(1 << 18))
            except BlockingIOError:
                pass
    print(parked >> 20)"""
TOO_MUCH = """
    for _ in range(3):
        if os.fork() == 0:
            kept = bytearray(b"x") * (400 << 20)
            time.sleep(60)
    os.wait()
    raise RuntimeError("lost a worker")"""


def model(body: str) -> str:
    inside = textwrap.indent(textwrap.dedent(body).strip(), " " * 8)
    method = f"    def denoise(self, x):\n{inside}\n        return x\n"
    return f"{HEAD}class Model:\n{method}def load(folder, device): return Model()\n"


def answers(sandbox: Sandbox, archive: bytes, ask: Ask, limits: Limits | None = None) -> bool:
    x = np.ones((2, 2), np.float32)
    with sandbox.open(archive, limits or Limits(), Allowance(120), public=True) as session:
        return bool((ask(session, "denoise", (2, 2), x) == x).all())


@pytest.mark.thorough
@pytest.mark.parametrize("name", WORKLOADS)
def test_honest_work_is_done(name: str, confined: Sandbox, pack: Pack, ask: Ask) -> None:
    assert answers(confined, pack(model(WORKLOADS[name])), ask)


@pytest.mark.thorough
@pytest.mark.parametrize("name", LACKS)
def test_what_is_not_there_is_said_plainly(name: str, confined: Sandbox, pack: Pack, ask: Ask) -> None:
    body, what, next_step = LACKS[name]
    with pytest.raises(BadSubmission) as caught:
        answers(confined, pack(model(body)), ask)
    assert what in caught.value.what
    assert next_step in caught.value.next_step


def test_train_runs_may_start_programs(confined: Sandbox, pack: Pack, ask: Ask) -> None:
    body = "assert subprocess.run([sys.executable, '-c', 'print(7)'], capture_output=True).stdout == b'7\\n'"
    assert answers(confined, pack(model(body)), ask, Limits(programs=True))


def test_processor_time_is_limited_for_all_processes_together(
    cold: ColdSandbox, pack: Pack, ask: Ask
) -> None:
    """One thread's worth: however many processes work, a neighbour on the other cores is not slowed down."""
    if cold.groups is None:
        pytest.skip("no control group can be made here")
    body = """
        for _ in range(4):
            if os.fork() == 0:
                while True: pass
        time.sleep(3)"""
    x = np.ones((2, 2), np.float32)
    with cold.open(pack(model(body)), Limits(), Allowance(120), public=True) as session:
        before = cold_seconds(session)
        ask(session, "denoise", (2, 2), x)
        spent = cold_seconds(session) - before
    assert 0.2 < spent < 3 * 1.3, "4 processes and 2 cores, but 1 thread is the limit"


def cold_seconds(session: SandboxSession) -> float:
    """Processor seconds of all processes so far, as their control group counts them."""
    meter = session._child.meter  # type: ignore[attr-defined]
    return float(meter.counted().cpu_seconds)


def test_a_process_without_its_first_thread_is_counted(pack: Pack, ask: Ask) -> None:
    """By the watchdog, which reads what the process's threads tell."""
    with pytest.raises(BadSubmission) as caught:
        answers(
            ColdSandbox(groups=lambda: None), pack(model(HEADLESS)), ask, Limits(memory_bytes=1_200 * MIB)
        )
    assert caught.value.reason is Reason.MEMORY


def test_what_waits_in_sockets_is_counted_or_limited(
    cold: ColdSandbox, confined: Sandbox, pack: Pack, ask: Ask
) -> None:
    if cold.groups is None:
        pytest.skip("no control group can be made here")
    with confined.open(pack(model(UNREAD)), Limits(), Allowance(120), public=True) as session:
        ask(session, "denoise", (2, 2), np.ones((2, 2), np.float32))
    parked = int(session.log) * MIB
    assert parked > 1 * MIB, "nothing was sent: the test proves nothing"
    assert parked < 128 * MIB or parked < session.usage.peak_bytes


@pytest.mark.parametrize("groups", [True, False], ids=["cgroup", "watchdog"])
def test_processes_share_the_memory_limit(groups: bool, cold: ColdSandbox, pack: Pack, ask: Ask) -> None:
    """Each of them stays below it; the sum does not."""
    if groups and cold.groups is None:
        pytest.skip("no control group can be made here")
    sandbox = cold if groups else ColdSandbox(groups=lambda: None)
    with pytest.raises(BadSubmission) as caught:
        answers(sandbox, pack(model(TOO_MUCH)), ask, Limits(memory_bytes=1_200 * MIB))
    assert caught.value.reason is Reason.MEMORY
    assert re.fullmatch(
        "killed at 1.[2-5] GiB, limit 1.2 GiB, while calling denoise on batch 1", caught.value.what
    )


@pytest.mark.parametrize(("full", "error"), [(True, BadSubmission), (False, SandboxError)])
def test_who_is_blamed_does_not_depend_on_a_peak(
    full: bool,
    error: type[HeldoutError],
    cold: ColdSandbox,
    pack: Pack,
    ask: Ask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Version 2 before Linux 5.19 counts none. Killed in a group that is not full: the machine's doing."""
    if cold.groups is None:
        pytest.skip("no control group can be made here")
    real = cgroup.Group.counted

    def counted(group: cgroup.Group) -> cgroup.Counted:
        found = real(group)
        assert not found.oom_kills or found.full
        return replace(found, peak_bytes=0, full=found.full and full)

    monkeypatch.setattr(cgroup.Group, "counted", counted)
    with pytest.raises(
        error, match="memory" if error is SandboxError else "killed at 1.2 GiB, limit 1.2 GiB"
    ):
        answers(cold, pack(model(TOO_MUCH)), ask, Limits(memory_bytes=1_200 * MIB))
