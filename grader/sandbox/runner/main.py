"""Confine first, then import torch, say ready, load the submission, answer until the channel closes."""

import json
import os
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from . import confine
from .faults import Fault, Guard
from .frames import DETAIL_BYTES, HEADER, MAGIC, STATUSES
from .unpack import Caps, unpack


class Channel:
    """The runner's end: blocking, its requests trusted."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.set_inheritable(False)
        self._nonce = b""

    def receive(self) -> tuple[dict[str, Any], int]:
        """The next request's head and the length of the body, which `read` then takes."""
        magic, self._nonce, head_length, body_length = HEADER.unpack(self.read(HEADER.size))
        if magic != MAGIC:
            raise EOFError
        return json.loads(self.read(head_length)), body_length

    def read(self, count: int) -> bytearray:
        """Raises EOFError when the grader closed its end."""
        data = bytearray(count)
        view = memoryview(data)
        while view:
            received = self._socket.recv_into(view)
            if not received:
                raise EOFError
            view = view[received:]
        return data

    def reply(self, body: Sequence[memoryview | bytes] = ()) -> None:
        self._socket.sendall(HEADER.pack(MAGIC, self._nonce, 0, sum(map(len, body))))
        for part in body:
            self._socket.sendall(part)

    def fail(self, status: str, detail: str) -> None:
        text = detail.encode(errors="replace")[:DETAIL_BYTES]
        self._socket.sendall(HEADER.pack(MAGIC, self._nonce, STATUSES.index(status), len(text)) + text)


def confined(descriptor: int) -> tuple[Channel, dict[str, Any]]:
    """Read the first request, give up what it says, and return its head."""
    channel = Channel(descriptor)
    head, _ = channel.receive()
    _own_input()
    try:
        confine.limit(head["rlimits"])
        for length in head["filters"]:
            confine.install_filter(bytes(channel.read(length)))
    except (OSError, ValueError) as error:
        sys.exit(f"a limit or filter was refused: {error}")
    sys.path.extend(head["packages"])
    return channel, head


def _own_input() -> None:
    """Standard input anew: the zygote's is one open file for all its forks, and its flags carry bits."""
    fresh = os.open("/dev/null", os.O_RDONLY)
    os.dup2(fresh, 0)
    os.close(fresh)


def main(descriptor: int) -> None:
    """Serve one submission. Ends the process when the grader closes the channel."""
    try:
        channel, head = confined(descriptor)
        _serve(channel, head)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(0)


def _serve(channel: Channel, head: dict[str, Any]) -> None:
    import torch

    from .notebook import Notebook
    from .submission import Request, Submission
    from .training import Training

    _forget_ourselves()
    torch.set_num_threads(head["threads"])
    folder = Path(head["folder"])
    folder.mkdir()
    os.chdir(folder)
    guard, submission = Guard(folder, head["memory"]), Submission(folder, head["device"])
    channel.reply()

    training, notebook = Training(channel, submission), Notebook()
    while True:
        head, length = channel.receive()
        match head["do"]:
            case "unpack":
                archive, caps = channel.read(length), Caps(**head["caps"])
                _respond(channel, guard, "bad_archive", partial(unpack, archive, folder, caps))
            case "load":
                _respond(channel, guard, "load_raised", submission.load)
            case "train":
                data = {name: (channel.read(each["bytes"]), each) for name, each in head["data"].items()}
                _respond(channel, guard, "train_raised", partial(training.run, head, data))
            case "cell":
                source = bytes(channel.read(length))
                _respond(channel, guard, "raised", partial(notebook.run, head, source))
            case "outputs":
                channel.reply([notebook.outputs])
            case "checkpoint":
                channel.reply([training.sealed])
            case _:
                request = cast(Request, head)
                inputs = [channel.read(each["bytes"]) for each in request["inputs"]]
                _respond(channel, guard, "raised", partial(submission.answer, request, inputs))


def _respond(
    channel: Channel, guard: Guard, raised: str, step: Callable[[], Sequence[memoryview] | None]
) -> None:
    outcome = guard.run(step, raised)
    guard.run(_flush, raised)  # the student may have closed or replaced them
    if isinstance(outcome, Fault):
        channel.fail(outcome.status, outcome.detail)
    else:
        channel.reply(outcome or ())


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()


def _forget_ourselves() -> None:
    """A submission may have a `runner.py` of its own."""
    for name in [name for name in sys.modules if name.partition(".")[0] == __name__.partition(".")[0]]:
        del sys.modules[name]
