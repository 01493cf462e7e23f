"""What an attack may aim at, for real: secrets, listeners and processes outside, and what reached them.

`World.words` tells an attack where things are, never a secret itself. `World.effects` says what attacks did,
seen from outside; only the secrets and the lines "GOT …" are read from what the attack printed.
"""

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path


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
        survivors = processes(str(self.words["process_name"]))
        return found + [f"process {pid} survived" for pid in survivors]


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
        yield world


def processes(name: str) -> list[int]:
    """Every process of the machine that has given itself this name."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        with suppress(OSError):
            if path.read_text().strip() == name:
                found.append(int(path.parent.name))
    return found


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
