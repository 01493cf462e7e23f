import socket
import threading
import time
from collections.abc import Iterator

import pytest

from grader.sandbox.runner.frames import HEADER, MAGIC
from grader.sandbox.wire import ChannelClosed, Failure, Garbled, Wire

Ends = tuple[Wire, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Wire(ours), theirs


def soon(wire: Wire, seconds: float = 1.0) -> float:
    return wire.clock.now() + seconds


def asked(ends: Ends) -> tuple[Wire, socket.socket, bytes]:
    """After a request without a body: the wire, the child's end, the request's nonce."""
    wire, theirs = ends
    wire.send({}, [], soon(wire))
    nonce = HEADER.unpack(theirs.recv(1000)[: HEADER.size])[1]
    return wire, theirs, nonce


def test_reads_exactly_what_it_asked_for(ends: Ends) -> None:
    wire, theirs, nonce = asked(ends)
    theirs.sendall(HEADER.pack(MAGIC, nonce, 0, 5) + b"12345")
    assert wire.receive([2, 3], soon(wire)) == [bytearray(b"12"), bytearray(b"345")]


def test_a_failure_carries_its_text(ends: Ends) -> None:
    wire, theirs, nonce = asked(ends)
    theirs.sendall(HEADER.pack(MAGIC, nonce, 8, 4) + b"why?")
    assert wire.receive([4], soon(wire)) == Failure("raised", "why?")


@pytest.mark.parametrize(
    ("magic", "own_nonce", "code", "count"),
    [
        (b"GARBAGE!", True, 0, 4),
        (MAGIC, False, 0, 4),
        (MAGIC, True, 99, 4),
        (MAGIC, True, 0, 5),
        (MAGIC, True, 0, 1 << 60),
        (MAGIC, True, 8, 1 << 20),
    ],
)
def test_forged_headers_are_garbage(ends: Ends, magic: bytes, own_nonce: bool, code: int, count: int) -> None:
    wire, theirs, nonce = asked(ends)
    theirs.sendall(HEADER.pack(magic, nonce if own_nonce else bytes(16), code, count) + b"1234")
    with pytest.raises(Garbled):
        wire.receive([4], soon(wire))


def test_an_early_reply_is_garbage(ends: Ends) -> None:
    wire, theirs, nonce = asked(ends)
    theirs.sendall(HEADER.pack(MAGIC, nonce, 0, 0) * 2)
    wire.receive([], soon(wire))
    wire.send({}, [], soon(wire))
    with pytest.raises(Garbled):
        wire.receive([], soon(wire))


def test_a_slow_drip_loses(ends: Ends) -> None:
    wire, theirs, nonce = asked(ends)
    stop = threading.Event()

    def drip() -> None:
        for byte in HEADER.pack(MAGIC, nonce, 0, 1000) + bytes(1000):
            if stop.wait(0.02):
                return
            theirs.sendall(bytes([byte]))

    dripping = threading.Thread(target=drip)
    dripping.start()
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        wire.receive([1000], soon(wire, 0.2))
    assert time.monotonic() - started < 10  # all of it would take 20 s
    stop.set()
    dripping.join()


def test_a_child_that_does_not_read_cannot_hold_us(ends: Ends) -> None:
    wire, _ = ends
    with pytest.raises(TimeoutError):
        wire.send({}, [bytes(50_000_000)], soon(wire, 0.2))


def test_a_closed_end_is_told(ends: Ends) -> None:
    wire, theirs, _ = asked(ends)
    theirs.close()
    with pytest.raises(ChannelClosed):
        wire.receive([1], soon(wire))
    with pytest.raises(ChannelClosed):
        wire.send({}, [bytes(1_000_000)], soon(wire))
