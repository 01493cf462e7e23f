"""Whatever bytes come, from the child to the grader or from a student to the unpacker: clean errors only."""

import io
import shutil
import socket
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.errors import BadSubmission
from grader.sandbox import Allowance, TensorSpec
from grader.sandbox.child import Child, Ending, ends
from grader.sandbox.runner.faults import Fault, Guard
from grader.sandbox.runner.frames import HEADER, MAGIC, STATUSES
from grader.sandbox.runner.unpack import Caps, unpack
from grader.sandbox.session import Session
from grader.spec import Limits

CAPS = Caps(files=20, unpacked_bytes=100_000)
SPEC = TensorSpec("float32", (2, 3))
FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])

counts = st.one_of(st.sampled_from([0, 1, 24, 25, 1 << 16, 1 << 62]), st.integers(0, 2**64 - 1))
codes = st.one_of(st.integers(0, len(STATUSES)), st.integers(0, 2**32 - 1))
Reply = Callable[[bytes], bytes]  # from the request's nonce


def forged(magic: bytes, own: bool, code: int, count: int, body: bytes) -> Reply:
    return lambda nonce: HEADER.pack(magic, nonce if own else bytes(16), code, count) + body


replies = st.one_of(
    st.builds(
        forged, st.sampled_from([MAGIC, b"GARBAGE!"]), st.booleans(), codes, counts, st.binary(max_size=200)
    ),
    st.binary(max_size=400).map(lambda data: lambda nonce: data),
)


def asked(reply: Reply) -> list[bytearray]:
    """What a session makes of `reply`, sent by a child that then closes its end."""
    with ExitStack() as held, ExitStack() as passed, closing(socket.socket()) as _:
        pair = ends(held, passed, 1000)
        child = Child(
            channel=pair.ours,
            log=pair.log,
            kill=lambda: None,
            wait=lambda seconds: Ending(0),
            pid=0,
            held=held.pop_all(),
        )
        session = Session(child, b"", Allowance(5), limits=Limits(), public=True)
        session._wire._nonce = b"n" * 16
        session._wire.send = lambda *_: None  # type: ignore[method-assign]
        pair.theirs.sendall(reply(b"n" * 16))
        passed.close()
        try:
            return session.call("ask", [], [SPEC])
        finally:
            session.close()


@FUZZ
@given(replies)
def test_any_reply_is_an_answer_or_a_bad_submission(reply: Reply) -> None:
    with suppress(BadSubmission):
        [answer] = asked(reply)
        assert len(answer) == 24
        assert reply(b"n" * 16).startswith(HEADER.pack(MAGIC, b"n" * 16, 0, 24))


names = st.one_of(
    st.sampled_from(
        ["model.py", "../out", "/out", "a/../../out", "a", "a/b", "A", "a\\b", ".", "..", "con", "a/"]
    ),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
)
modes = st.sampled_from([0, 0o100644, 0o040755, 0o120777, 0o060666, 0o010644, 0o140777])
members = st.tuples(names, modes, st.one_of(st.binary(max_size=300), st.integers(1, 90_000).map(bytes)))


def zipped(files: list[tuple[str, int, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name may come twice: that is the point
        for name, mode, data in files:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def damaged(data: bytes, places: list[tuple[int, int]]) -> bytes:
    changed = bytearray(data)
    for place, value in places:
        changed[place % len(changed)] = value
    return bytes(changed)


damages = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8)
archives = st.lists(members, min_size=1, max_size=25).map(zipped)
hostile = st.one_of(
    st.binary(max_size=500),
    archives,
    st.builds(damaged, archives, damages),
    archives.map(lambda data: data[:-9]),
)


@FUZZ
@given(hostile)
def test_any_archive_is_unpacked_within_its_folder_or_refused(data: bytes) -> None:
    place = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        folder = place / "inside"
        folder.mkdir()
        outcome = Guard(folder, "2 GiB").run(lambda: unpack(data, folder, CAPS), "bad_archive")
        assert outcome is None or (isinstance(outcome, Fault) and outcome.status == "bad_archive")
        assert [path.name for path in place.iterdir()] == ["inside"]
        found = list(place.rglob("*"))
        assert not any(path.is_symlink() or path.is_fifo() or path.is_block_device() for path in found)
        assert sum(path.stat().st_size for path in found if path.is_file()) <= CAPS.unpacked_bytes
        assert outcome is not None or len(found) <= 4 * CAPS.files
    finally:
        shutil.rmtree(place)


def test_the_fuzzers_reach_the_good_case() -> None:
    """A fuzzer that never gets through shows nothing."""
    numbers = struct.pack("<6f", *range(6))
    assert asked(forged(MAGIC, True, 0, 24, numbers)) == [bytearray(numbers)]
    with tempfile.TemporaryDirectory() as folder:
        unpack(zipped([("model.py", 0o100644, b"x")]), Path(folder), CAPS)
        assert (Path(folder) / "model.py").read_bytes() == b"x"
