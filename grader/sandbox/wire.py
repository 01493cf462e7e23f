"""The grader's end of the channel: it reads exactly what it expects, by an absolute deadline.

The child's bytes are a status and raw numbers: never pickle, never JSON.
"""

import json
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from grader.sandbox.clock import Clock, Timepiece
from grader.sandbox.runner.frames import DETAIL_BYTES, HEADER, MAGIC, STATUSES

CHUNK = 1 << 20
LOOK_SECONDS = 1.0  # between two looks at the clock, whose pace changes
Buffer = bytes | bytearray | memoryview


class ChannelClosed(Exception):
    """The child closed its end, or died."""


class Garbled(Exception):
    """What came is not a reply to the request: something else wrote to the channel."""


@dataclass(frozen=True)
class Failure:
    status: str  # a word of STATUSES
    detail: str  # chosen by the child: shown in public sessions only


class Wire:
    """One request, one reply. Raises TimeoutError, ChannelClosed or Garbled; after that it is of no use."""

    def __init__(self, channel: socket.socket, clock: Timepiece | None = None) -> None:
        self._channel = channel
        self._nonce = b""
        self.clock = clock or Clock()

    def send(self, head: Mapping[str, Any], body: Sequence[Buffer], deadline: float) -> None:
        """Send a request under a fresh nonce by `deadline`, a time of this wire's clock."""
        self._nonce = os.urandom(16)
        text = json.dumps(head).encode()
        parts = [memoryview(part).cast("B") for part in body]
        size = sum(map(len, parts))
        self._write(memoryview(HEADER.pack(MAGIC, self._nonce, len(text), size) + text), deadline)
        for part in parts:
            self._write(part, deadline)

    def receive(self, sizes: Sequence[int], deadline: float) -> list[bytearray] | Failure:
        """The reply's buffers, of exactly these sizes, or the failure that it tells of."""
        magic, nonce, code, count = HEADER.unpack(self._read(HEADER.size, deadline))
        if magic != MAGIC or nonce != self._nonce or code >= len(STATUSES):
            raise Garbled
        if code == 0 and count == sum(sizes):
            return [self._read(size, deadline) for size in sizes]
        if code == 0 or count > DETAIL_BYTES:
            raise Garbled
        return Failure(STATUSES[code], self._read(count, deadline).decode(errors="replace"))

    def close(self) -> None:
        self._channel.close()

    def _write(self, view: memoryview, deadline: float) -> None:
        while view:
            try:
                view = view[self._before(deadline, self._channel.send, view[:CHUNK]) :]
            except (BrokenPipeError, ConnectionResetError) as error:
                raise ChannelClosed from error

    def _read(self, size: int, deadline: float) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            try:
                received = self._before(deadline, self._channel.recv_into, view)
            except ConnectionResetError as error:
                raise ChannelClosed from error
            if not received:
                raise ChannelClosed
            view = view[received:]
        return data

    def _before(self, deadline: float, transfer: Callable[[memoryview], int], view: memoryview) -> int:
        """What `transfer` moved of `view`. Raises TimeoutError when the clock, whatever its pace, is past."""
        while (left := deadline - self.clock.now()) > 0:
            self._channel.settimeout(min(left, LOOK_SECONDS))
            with suppress(TimeoutError):
                return transfer(view)
        raise TimeoutError
