"""Imports torch once, then forks a confined child for each submission. Never sees a student's byte.

An order comes on the control channel: four bytes of length, a JSON object, and three descriptors (the child's
channel, its output, a status channel). On the status channel goes back: a pidfd of the child; in, one byte
once it may go on; back, how it ended.
"""

import gc
import importlib
import itertools
import json
import os
import signal
import socket
import sys
import traceback
from typing import Any

from . import nest
from .frames import ENDING, LENGTH
from .main import Channel

DESCRIPTORS = 3


def main(descriptor: int) -> None:
    """Serve orders until the grader closes the channel."""
    control = Channel(descriptor)
    head, _ = control.receive()
    sys.path.extend(head["packages"])
    _warm(head["notebooks"])
    nest.set_dumpable(False)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the branches here
    control.reply()
    with socket.socket(fileno=os.dup(descriptor)) as orders:
        while True:
            _fork(control, orders)


def _warm(notebooks: bool) -> None:
    """Import what every submission needs, and run none of it: a fork keeps no thread but its own."""
    import torch

    from . import notebook
    from . import submission as _submission  # noqa: F401

    torch.set_num_threads(1)
    if notebooks:
        notebook.warm()
    for name in ("selftest", "main"):
        importlib.import_module(f"{__package__}.{name}")
    gc.collect()
    gc.freeze()
    nest.collapse()


def _fork(control: Channel, orders: socket.socket) -> None:
    length, descriptors, _, _ = socket.recv_fds(orders, LENGTH.size, DESCRIPTORS)
    if len(length) < LENGTH.size or len(descriptors) != DESCRIPTORS:
        os._exit(0)  # the grader is gone
    order = json.loads(control.read(LENGTH.unpack(length)[0]))
    if os.fork() == 0:
        try:
            _keep_only(descriptors)
            _supervise(order, *descriptors)
        except BaseException:  # noqa: BLE001 — a branch must never return into the zygote's loop
            traceback.print_exc()
        finally:
            os._exit(1)
    for each in descriptors:
        os.close(each)


def _keep_only(descriptors: list[int]) -> None:
    """Close all others but the standard ones: what only the zygote may have."""
    edges = [2, *sorted(descriptors), os.sysconf("SC_OPEN_MAX")]
    for low, high in itertools.pairwise(edges):
        os.closerange(low + 1, high)


def _supervise(order: dict[str, Any], channel: int, output: int, status: int) -> None:
    """Start the child in namespaces of its own, hand out a pidfd, tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for standard in (1, 2):
        os.dup2(output, standard)
    os.close(output)
    nest.namespaces(os.getuid(), os.getgid())
    child = os.fork()
    if child == 0:
        try:
            _become(order, channel, status)
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(1)
    os.close(channel)
    os.closerange(0, 3)  # the output ends with the child
    with socket.socket(fileno=status) as line:
        pidfd = os.pidfd_open(child)
        socket.send_fds(line, [b"s"], [pidfd])
        os.close(pidfd)
        _, code, used = os.wait4(child, 0)
        line.sendall(ENDING.pack(code, used.ru_utime + used.ru_stime))


def _become(order: dict[str, Any], channel: int, status: int) -> None:
    """Settle in while the grader puts us into our control group; then be a runner like any other."""
    capabilities = nest.capabilities()
    nest.settle(order["tmpfs"], order["devices"], order["hidden"], order["hostname"])
    os.chdir("/")
    with socket.socket(fileno=status) as line:
        if not line.recv(1):
            return
    nest.seal(capabilities)
    module = sys.modules[f"{__package__}.{order['module']}"]
    module.main(channel)
