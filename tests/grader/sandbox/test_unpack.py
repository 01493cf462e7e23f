import io
import stat
import zipfile
from pathlib import Path

import pytest

from grader.sandbox.runner.faults import Fault, Guard
from grader.sandbox.runner.unpack import Caps, unpack

CAPS = Caps(files=10, unpacked_bytes=1_000_000)


def archive(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members:
            made.writestr(name, data)
    return buffer.getvalue()


def special(kind: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo("link")
    member.external_attr = (kind | 0o777) << 16
    return member


def outcome(data: bytes, folder: Path) -> Fault | None:
    inside = folder / "inside"
    inside.mkdir()
    return Guard(inside, "1 GiB").run(lambda: unpack(data, inside, CAPS), "bad_archive")


def test_files_and_folders_come_out(tmp_path: Path) -> None:
    data = archive(("model.py", b"x"), ("parts/", b""), ("parts/layer.py", b"y" * 500_000))
    assert outcome(data, tmp_path) is None
    assert (tmp_path / "inside/parts/layer.py").stat().st_size == 500_000


HONEST = archive(("model.py", bytes(range(256)) * 100))
HOSTILE = {
    "not a zip": b"hello",
    "empty": b"",
    "truncated": HONEST[:-30],
    "damaged": HONEST[:60] + b"\xff" * 20 + HONEST[80:],
    "slip": archive(("../out.py", b"x")),
    "inner slip": archive(("a/../../out.py", b"x")),
    "absolute": archive(("/out.py", b"x")),
    "backslash": archive(("..\\out.py", b"x")),
    "link": archive((special(stat.S_IFLNK), b"/etc/passwd")),
    "device": archive((special(stat.S_IFBLK), b"")),
    "fifo": archive((special(stat.S_IFIFO), b"")),
    "case": archive(("a.py", b"x"), ("A.py", b"y")),
    "file as folder": archive(("a", b"x"), ("a/b", b"y")),
    "long name": archive(("a" * 300, b"x")),
    "bomb": archive(("zeros", bytes(20_000_000))),
    "many": archive(*((str(number), b"") for number in range(11))),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_refused(name: str, tmp_path: Path) -> None:
    fault = outcome(HOSTILE[name], tmp_path)
    assert fault is not None
    assert fault.status == "bad_archive"
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*")) < 2 * CAPS.unpacked_bytes
