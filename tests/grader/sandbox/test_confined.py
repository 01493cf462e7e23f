"""Submissions in the real sandbox. One session answers many probes: starting PyTorch is what takes time."""

import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from grader.errors import BadSubmission, Reason
from grader.sandbox import Allowance, Sandbox, SandboxSession, Tensor, TensorSpec
from grader.sandbox.unconfined import UnconfinedSandbox
from grader.spec import MIB, Limits
from grader.student import Door
from tests.grader.sandbox.world import processes

Ask = Callable[..., np.ndarray]
Pack = Callable[..., bytes]
DATA_SETS = [*Path("/usr/share/datasets").rglob("*.gz"), Path("/usr/lib/bible.data")]
PROBES = (Path(__file__).parent / "hostile.py").read_text()
SECONDS = 120.0
SCRIBBLE = """
        for descriptor in range(3, 4096):
            try: os.write(descriptor, b'SCORE: 100' * 100)
            except OSError: pass
        time.sleep(60)
"""


@pytest.fixture(scope="module")
def unconfined() -> UnconfinedSandbox:
    return UnconfinedSandbox()


@pytest.fixture(scope="module")
def session(confined: Sandbox, pack: Pack) -> Iterator[SandboxSession]:
    limits = Limits(memory_bytes=3_000 * MIB)
    with confined.open(pack(PROBES), limits, Allowance(SECONDS), public=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def free_session(unconfined: UnconfinedSandbox, pack: Pack) -> Iterator[SandboxSession]:
    """The same probes with every layer off."""
    with unconfined.open(pack(PROBES), Limits(), Allowance(SECONDS), public=True) as opened:
        yield opened


def failing(
    sandbox: Sandbox, archive: bytes, *, public: bool = True, seconds: float = SECONDS
) -> BadSubmission:
    """What a submission fails with, at loading or at `denoise`."""
    spec = TensorSpec("float32", (2, 2))
    with (
        pytest.raises(BadSubmission) as caught,
        sandbox.open(archive, Limits(), Allowance(seconds), public=public) as opened,
    ):
        opened.call("denoise", [Tensor(spec, bytes(16))], [spec])
    return caught.value


def model(body: str) -> str:
    return (
        "import os, sys, time, signal, threading\n"
        f"class Model:\n    def denoise(self, x):\n        {body}\n"
        "def load(folder, device): return Model()\n"
    )


def test_an_honest_model_answers(session: SandboxSession, ask: Ask) -> None:
    noisy = np.random.default_rng(0).random((4, 1, 28, 28), np.float32)
    np.testing.assert_array_equal(ask(session, "double", noisy.shape, noisy), 2 * noisy)


def test_no_data_set_is_visible(session: SandboxSession, ask: Ask) -> None:
    assert any(path.exists() for path in DATA_SETS), "this test needs a data set to look for"
    sizes = {path.stat().st_size for path in DATA_SETS if path.exists()}
    digests = {hashlib.sha256(path.read_bytes()).digest() for path in DATA_SETS if path.exists()}
    wanted = np.array(sorted(sizes), np.float32)
    found = ask(session, "files_of_size", (32, 32), wanted).astype(np.uint8)
    assert not {bytes(row) for row in found} & digests
    assert ask(session, "visible_files", (1,))[0] > 5_000, "the walk saw next to nothing"


@pytest.mark.thorough
def test_the_walk_finds_data_sets_without_the_layer(free_session: SandboxSession, ask: Ask) -> None:
    path = next(path for path in DATA_SETS if path.exists())
    digest = hashlib.sha256(path.read_bytes()).digest()
    sizes = np.array([path.stat().st_size], np.float32)
    found = ask(free_session, "files_of_size", (32, 32), sizes).astype(np.uint8)
    assert digest in {bytes(row) for row in found}


def test_no_network(session: SandboxSession, free_session: SandboxSession, ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        port = np.array([server.getsockname()[1]], np.float32)
        assert ask(session, "connect", (1,), port)[0] == 0
        with pytest.raises(TimeoutError):
            server.accept()
        assert ask(free_session, "connect", (1,), port)[0] == 1
        server.accept()[0].close()


def test_little_is_visible(session: SandboxSession, ask: Ask) -> None:
    """Environment, descriptors, processes, command lines, writable folders."""
    before = len(session.log)
    assert ask(session, "surroundings", (1,))[0] == 0, session.log[before:]


def test_dangerous_calls_fail(session: SandboxSession, ask: Ask) -> None:
    before = len(session.log)
    assert ask(session, "forbidden_calls", (1,))[0] == 0, session.log[before:]


@pytest.mark.thorough
def test_processes_and_memory_end(session: SandboxSession, ask: Ask) -> None:
    assert ask(session, "fork_bomb", (1,))[0] < Limits().processes
    with pytest.raises(BadSubmission) as caught:
        ask(session, "memory_bomb", (1,))
    assert caught.value.reason is Reason.MEMORY
    assert ask(session, "disk_bomb", (1,))[0] <= Limits().scratch_bytes + Limits().unpacked_bytes


@pytest.mark.parametrize(
    ("method", "reason", "said"),
    [
        ("absent", Reason.METHOD_MISSING, "has no method absent"),
        ("double", Reason.WRONG_SHAPE, "double returned (3, 3); expected (1,)"),
        ("text", Reason.WRONG_TYPE, "text returned str"),
        ("exits", Reason.CRASHED, "called exit(0)"),
        ("raises", Reason.RAISED, "ValueError: no \\x1b[31mred"),
    ],
)
def test_faults_name_the_mistake(
    session: SandboxSession, ask: Ask, method: str, reason: Reason, said: str
) -> None:
    with pytest.raises(BadSubmission) as caught:
        ask(session, method, (1,), np.ones((3, 3), np.float32))
    assert caught.value.reason is reason
    assert said in caught.value.what


def test_a_flood_of_output_is_kept_short(session: SandboxSession, ask: Ask) -> None:
    ask(session, "flood", (1,))
    assert len(session.log) < 2 * Limits().log_bytes
    assert "bytes left out" in session.log
    assert "\x1b" not in session.log


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("os._exit(0)", Reason.CRASHED),
        ("os.kill(os.getpid(), signal.SIGSEGV)", Reason.CRASHED),
        ("os.closerange(3, 4096); time.sleep(60)", Reason.CRASHED),
        (SCRIBBLE, Reason.CRASHED),
    ],
)
def test_a_broken_channel_is_a_crash(
    unconfined: UnconfinedSandbox, pack: Pack, body: str, reason: Reason
) -> None:
    assert failing(unconfined, pack(model(body))).reason is reason


@pytest.mark.thorough
def test_an_endless_loop_with_daemons_is_stopped(confined: Sandbox, pack: Pack) -> None:
    name = f"daemon-{os.getpid()}"
    body = f"""
        [signal.signal(n, signal.SIG_IGN) for n in range(1, 65) if n not in (9, 19, 32, 33)]
        open("/proc/self/comm", "w").write("{name}")
        for _ in range(3):
            if os.fork() == 0:
                os.setsid()
                os.fork()
                while True: time.sleep(1)
        while True: pass
    """
    with ThreadPoolExecutor() as pool:
        failure = pool.submit(failing, confined, pack(model(body)), seconds=5)
        most = 0
        while not failure.done():
            most = max(most, len(processes(name)))
            time.sleep(0.05)
    assert failure.result().reason is Reason.TIMEOUT
    assert "killed after 5 s, limit 5 s, while calling denoise on batch 1" in failure.result().what
    assert most == 7, "the daemons never ran: the test proves nothing"
    assert processes(name) == []


SIBLING = """
        import fcntl, socket
        addresses = ((socket.AF_INET, ("127.0.0.1", 5001)), (socket.AF_UNIX, "\\0sibling"))
        if x[0] == 1:
            self.kept = [socket.socket(family) for family, _ in addresses]
            for each, (_, address) in zip(self.kept, addresses):
                each.bind(address)
                each.listen()
            for folder in ("/tmp", "/dev/shm"):
                open(folder + "/sibling", "w").close()
            os.openpty()
            fcntl.fcntl(0, fcntl.F_SETFL, os.O_APPEND)
            if os.fork() == 0:
                time.sleep(60)
            return x
        found = [os.path.exists(folder + "/sibling") for folder in ("/tmp", "/dev/shm")]
        found.append(len(os.listdir("/dev/pts")) > 1)
        found.append(len([name for name in os.listdir("/proc") if name.isdigit()]) > 1)
        found += [socket.socket(family).connect_ex(address) == 0 for family, address in addresses]
        found.append(fcntl.fcntl(0, fcntl.F_GETFL) & os.O_APPEND > 0)
        return x + sum(found)
"""


def test_siblings_share_nothing(confined: Sandbox, pack: Pack, ask: Ask) -> None:
    """Two sessions at a time: one leaves what it can wherever it can, the other looks for it."""
    archive, allowance = pack(model(SIBLING)), Allowance(SECONDS)
    leave, look = np.ones(1, np.float32), np.zeros(1, np.float32)
    with (
        confined.open(archive, Limits(), allowance, public=True) as first,
        confined.open(archive, Limits(), allowance, public=True) as second,
    ):
        ask(first, "denoise", (1,), leave)
        assert ask(second, "denoise", (1,), look)[0] == 0
        assert ask(first, "denoise", (1,), look)[0] == 7, "what was left can be found"


def test_held_out_failures_say_nothing_the_student_chose(confined: Sandbox, pack: Pack) -> None:
    body = "print('LABELS'); raise ValueError('LABELS')"
    error = failing(confined, pack(model(body)), public=False)
    assert error.reason is Reason.RAISED
    assert "LABELS" not in str(error)
    assert error.what == "denoise raised an error on held-out inputs"


def test_a_crash_in_the_sandbox_says_how(confined: Sandbox, pack: Pack) -> None:
    error = failing(confined, pack(model("import ctypes; ctypes.string_at(0)")))
    assert error.reason is Reason.CRASHED
    assert "signal SIGSEGV" in error.what


def test_usage_counts_the_students_time(confined: Sandbox, pack: Pack, ask: Ask) -> None:
    allowance = Allowance(SECONDS)
    archive = pack(model("[time.sleep(0.3), print('secret'), sum(range(10**7))]; return x"))
    with confined.open(archive, Limits(), allowance, public=False) as opened:
        ask(opened, "denoise", (1,), np.ones(1, np.float32))
    assert opened.log == ""
    assert opened.usage.wall_seconds >= 0.3
    assert 0 < allowance.spent <= opened.usage.wall_seconds + 0.05  # less, where time was stolen
    assert opened.usage.dropped_bytes == len("secret\n")
    assert opened.usage.cpu_seconds > 0.05
    assert opened.usage.peak_bytes > 4 * MIB


CONVERSATION = """
def load(folder, device): return Model()
class Model:
    def start(self, batch): return [0] * batch
    def step(self, tokens, state):
        state = [old + int(token) for old, token in zip(state, tokens)]
        return torch.tensor(state, dtype=torch.float32), state
"""


def test_the_state_of_a_conversation_stays_inside(confined: Sandbox, pack: Pack) -> None:
    with confined.open(
        pack("import torch\n" + CONVERSATION), Limits(), Allowance(60), public=False
    ) as session:
        door = Door(session, public=False)
        for _ in range(2):  # a second conversation begins anew
            door.start(2)
            told = [door.step(np.array([1, 10]), shape=(2,)).tolist() for _ in range(3)]
            assert told == [[1, 10], [2, 20], [3, 30]]
        with pytest.raises(BadSubmission, match="wrong shape on held-out inputs"):
            door.step(np.array([1, 10]), shape=(2, 1))
