"""What an attack may aim at, for real: secrets, listeners and processes outside, and what reached them.

`World.words` tells an attack where things are, never a secret itself. `World.effects` says what attacks did,
seen from outside; only the secrets and the lines "GOT …" are read from what the attack printed.
"""

import ctypes
import fcntl
import os
import platform
import secrets
import socket
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

BYSTANDER = Path(__file__).with_name("bystander.py")
CHECKOUT = Path(__file__).parents[3]
LOG_BYTES = 4 * 64 * 1024 + 1024  # of a whole log: what is made visible grows fourfold
CALLS = {  # add_key, keyctl, shmget, shmat, shmdt, shmctl, mq_open, mq_unlink, mq_timedsend
    "x86_64": (248, 250, 29, 30, 67, 31, 240, 241, 242),
    "aarch64": (217, 219, 194, 196, 197, 195, 180, 181, 182),
}
KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_KEYRING = -3, -4
KEYCTL_UNLINK, IPC_CREAT, IPC_RMID = 9, 0o1000, 0


@dataclass
class World:
    words: dict[str, object]
    secrets: dict[str, str]
    received: list[str] = field(default_factory=list)

    def effects(self, log: str) -> list[str]:
        """What an attack achieved, now that all its sandboxes are closed."""
        found = [f"read {name}" for name, secret in self.secrets.items() if secret in log]
        found += [line for line in log.splitlines() if line.startswith("GOT")]
        found += self.received
        found += [f"{character!a} in the log" for character in sorted(set(log)) if _acts(character)]
        found += [f"a log of {len(log.encode())} bytes"] if len(log.encode()) > LOG_BYTES else []
        found += [] if self._flag() == self.secrets["flag"] else ["the flag was changed"]
        survivors = processes(str(self.words["process_name"]))
        return found + [f"process {pid} survived" for pid in survivors]

    def _flag(self) -> str:
        return Path(str(self.words["flag_path"])).read_text()


@contextmanager
def build(folder: Path) -> Iterator[World]:
    """A world of its own for each attack; `folder` is readable for every user."""
    with ExitStack() as held:
        token = secrets.token_hex(8)
        secret = {"flag": secrets.token_hex(16)}
        flag = folder / f"flag-{token}"
        flag.write_text(secret["flag"])
        flag.chmod(0o644)
        world = World({"flag_name": flag.name, "flag_path": str(flag), "grader_pid": os.getpid()}, secret)
        world.words["process_name"] = f"left{token[:10]}"  # at most 15 characters: what /proc keeps
        world.words["mark"] = f"mark-{token}"  # for whatever is left in a folder or a name space
        tcp = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        world.words["tcp_port"] = tcp.getsockname()[1]
        udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        world.words["udp_port"] = udp.getsockname()[1]
        abstract = held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        abstract.bind(f"\0heldout-{token}")
        abstract.listen()
        world.words["abstract_socket"] = f"heldout-{token}"
        for name, server in (("TCP", tcp), ("abstract socket", abstract)):
            _listen(held, world, name, server)
        _hear(held, world, udp)
        _loopback_6(held, world)
        _course(held, world, folder)
        _descriptor(held, world, folder)
        _bystander(held, world)
        _keys(held, world)
        _system_v(held, world)
        _queue(held, world)
        _lock(held, world)
        yield world


def processes(name: str) -> list[int]:
    """Every process of the machine that has given itself this name."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):  # no glob: that fails where one ends meanwhile
        with suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_bytes().strip() == name.encode():
                found.append(int(pid))
    return found


def _loopback_6(held: ExitStack, world: World) -> None:
    with suppress(OSError):  # not every machine has IPv6
        server = held.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6))
        world.words["tcp6_port"] = server.getsockname()[1]
        _listen(held, world, "TCP on ::1", server)


def _course(held: ExitStack, world: World, folder: Path) -> None:
    """What lies beside a grader: others' submissions, the database and its socket, all readable."""
    for name in ("submission", "database"):
        world.secrets[name] = secrets.token_hex(16)
        path = folder / f"{name}-of-another"
        path.write_text(world.secrets[name])
        path.chmod(0o644)
        world.words[f"{name}_path"] = str(path)
    path = folder / "socket"
    server = held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    server.bind(str(path))
    path.chmod(0o777)
    server.listen()
    world.words["database_socket"] = str(path)
    world.words["host_paths"] = [str(folder), str(CHECKOUT), sys.prefix]
    _listen(held, world, "the database's socket", server)


def _descriptor(held: ExitStack, world: World, folder: Path) -> None:
    """One that the grader forgot to close, of a file that has no name any more."""
    world.secrets["descriptor"] = secrets.token_hex(16)
    path = folder / "descriptor"
    path.write_text(world.secrets["descriptor"])
    file = held.enter_context(path.open())
    path.unlink()
    os.set_inheritable(file.fileno(), True)


def _bystander(held: ExitStack, world: World) -> None:
    """Secrets in the grader's memory and environment, and in those and the command line of a child."""
    for place in ("memory", "environment", "command"):
        world.secrets[place] = f"{place}-{secrets.token_hex(16)}"
    os.environ["HELDOUT_SECRET"] = world.secrets["environment"]
    held.callback(os.environ.pop, "HELDOUT_SECRET")
    process = held.enter_context(
        subprocess.Popen(
            [sys.executable, "-I", "-S", str(BYSTANDER), str(world.words["mark"]), world.secrets["command"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(world.secrets["memory"] + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    held.callback(process.stdin.close)  # it ends with its input


def _keys(held: ExitStack, world: World) -> None:
    """In the keyrings of the grader's session and of its user; in none where the kernel has none."""
    add_key, keyctl, *_ = CALLS[platform.machine()]
    world.secrets["key"] = secrets.token_hex(16)
    world.words["key_name"] = f"heldout-{world.words['mark']}"
    name, secret = str(world.words["key_name"]).encode(), world.secrets["key"].encode()
    for ring in (KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_KEYRING):
        key = _call(add_key, b"user", name, secret, len(secret), ring)
        if key > 0:
            held.callback(_call, keyctl, KEYCTL_UNLINK, key, ring)


def _system_v(held: ExitStack, world: World) -> None:
    """A segment of shared memory that any user may read."""
    _, _, shmget, shmat, shmdt, shmctl, *_ = CALLS[platform.machine()]
    world.secrets["shared memory"] = secrets.token_hex(16)
    key = secrets.randbelow(1 << 30) + 1
    segment = _call(shmget, key, 4096, IPC_CREAT | 0o666)
    if segment < 0:
        return
    world.words["shm_key"] = key
    held.callback(_call, shmctl, segment, IPC_RMID, None)
    place = _call(shmat, segment, None, 0)
    ctypes.memmove(place, world.secrets["shared memory"].encode(), 32)
    _call(shmdt, ctypes.c_void_p(place))


def _queue(held: ExitStack, world: World) -> None:
    """A POSIX message queue that any user may open, a message for each who comes."""
    *_, mq_open, mq_unlink, mq_timedsend = CALLS[platform.machine()]
    world.secrets["message"] = secrets.token_hex(16)
    name = str(world.words["mark"]).encode()
    before = os.umask(0)
    queue = _call(mq_open, name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666, None)
    os.umask(before)
    if queue < 0:
        return
    held.callback(_call, mq_unlink, name)
    held.callback(os.close, queue)
    for _ in range(3):
        _call(mq_timedsend, queue, world.secrets["message"].encode(), 32, 0, None)


def _lock(held: ExitStack, world: World) -> None:
    """On the C library, a file that sandboxes have too; shared, so that worlds can hold it side by side."""
    loaded = [line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines()]
    library = next(path for path in loaded if Path(path).name.startswith("libc.so"))
    descriptor = os.open(library, os.O_RDONLY)
    held.callback(os.close, descriptor)
    fcntl.flock(descriptor, fcntl.LOCK_SH)


def _call(number: int, *arguments: object) -> int:
    """A system call of this process; -1 where the kernel refuses."""
    libc = ctypes.CDLL(None)
    libc.syscall.restype = ctypes.c_long
    wide = (ctypes.c_long(each) if isinstance(each, int) else each for each in arguments)
    return int(libc.syscall(ctypes.c_long(number), *wide))


def _acts(character: str) -> bool:
    """Whether it may do more to a terminal or a page than be seen there."""
    return character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cf")


def _listen(held: ExitStack, world: World, name: str, server: socket.socket) -> None:
    def accept() -> None:
        with suppress(OSError):
            while True:
                server.accept()[0].close()
                world.received.append(f"a connection came by {name}")

    _in_background(held, accept, server)


def _hear(held: ExitStack, world: World, server: socket.socket) -> None:
    def hear() -> None:
        with suppress(OSError):
            while server.recv(100):
                world.received.append("a datagram came")

    _in_background(held, hear, server)


def _in_background(held: ExitStack, work: object, server: socket.socket) -> None:
    thread = threading.Thread(target=work, daemon=True)  # type: ignore[arg-type]
    thread.start()

    def stop() -> None:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        thread.join(5)

    held.callback(stop)
