"""Packing and keeping: equal folders make equal bytes, nothing is half-kept, links never travel."""

import os
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from grader.archive import INCOMING, STALE, Archive, fetch, keep, pack, place
from grader.errors import HeldoutError

LIMIT = 1_000_000


@pytest.fixture
def solution(tmp_path: Path) -> Path:
    folder = tmp_path / "solution"
    (folder / "layers").mkdir(parents=True)
    (folder / "model.py").write_text("import layers.one\n")
    (folder / "layers" / "one.py").write_text("ONE = 1\n")
    return folder


def names(archive: Archive) -> list[str]:
    return zipfile.ZipFile(BytesIO(archive.data)).namelist()


def test_equal_folders_make_equal_bytes(solution: Path) -> None:
    first = pack(solution, limit=LIMIT)
    os.utime(solution / "model.py", (1, 1))
    assert pack(solution, limit=LIMIT).sha256 == first.sha256


def test_only_what_the_model_needs_is_packed(solution: Path) -> None:
    for stray in (
        ".git/config",
        ".venv/x",
        "__pycache__/model.pyc",
        "data/public.npz",
        "layers/__pycache__/a",
    ):
        path = solution / stray
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("stray")
    (solution / "layers" / "data").mkdir()
    (solution / "layers" / "data" / "table.txt").write_text("needed: only the root's data/ is public data")
    assert names(pack(solution, limit=LIMIT)) == ["layers/data/table.txt", "layers/one.py", "model.py"]


def test_a_ready_made_archive_is_taken_as_it_is(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as bundle:
        bundle.writestr("anything.txt", "")
    assert pack(tmp_path / "mine.zip", limit=LIMIT).data == (tmp_path / "mine.zip").read_bytes()


@pytest.mark.parametrize("name", ["model.py", "layers/one.py"])
def test_a_file_that_is_no_zip_is_refused_at_once(solution: Path, name: str) -> None:
    with pytest.raises(HeldoutError, match="is no zip") as caught:
        pack(solution / name, limit=LIMIT)
    assert caught.value.expected == "a folder with model.py in it, or a zip of one"
    assert (f"-f {solution}" in caught.value.next_step) == (name == "model.py")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: (folder / "model.py").unlink(), "no model.py"),
        (lambda folder: (folder / "link.py").symlink_to("/etc/passwd"), "link or a device"),
        (lambda folder: (folder / "up").symlink_to(folder.parent), "link or a device"),
        (lambda folder: os.mkfifo(folder / "pipe"), "link or a device"),
        (lambda folder: (folder / "w.bin").write_bytes(os.urandom(LIMIT + 1)), "the limit is 1.0 MB"),
    ],
    ids=["no model.py", "link to a file", "link to a folder", "pipe", "too large"],
)
def test_what_cannot_be_packed_is_named(solution: Path, make: object, says: str) -> None:
    assert callable(make)
    make(solution)
    with pytest.raises(HeldoutError, match=says):
        pack(solution, limit=LIMIT)


def test_too_large_names_the_largest_files(solution: Path) -> None:
    (solution / "weights.bin").write_bytes(os.urandom(2 * LIMIT))
    with pytest.raises(HeldoutError) as caught:
        pack(solution, limit=LIMIT)
    assert caught.value.where.startswith("weights.bin (2.0 MB)")


def test_a_train_run_is_python_files_alone(tmp_path: Path) -> None:
    for name in ("model.py", "train.py"):
        (tmp_path / name).write_text(f"# {name}\n")
    (tmp_path / "weights.bin").write_bytes(os.urandom(100_000))
    packed = pack(tmp_path, limit=16 * 1024, code_only=True)
    assert zipfile.ZipFile(BytesIO(packed.data)).namelist() == ["model.py", "train.py"]
    (tmp_path / "table.py").write_text(f"TABLE = {os.urandom(40_000).hex()!r}\n")
    with pytest.raises(HeldoutError, match=r"the limit is 16.0 KiB") as caught:
        pack(tmp_path, limit=16 * 1024, code_only=True)
    assert caught.value.where.startswith("table.py (78.1 KiB)")
    assert "shorten the code" in caught.value.next_step


@pytest.mark.parametrize("name", ["labels.bin", "folder/weights.safetensors"])
def test_a_ready_made_archive_of_a_train_run_holds_no_data(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "ready.zip", "w") as bundle:
        for member in ("model.py", "folder/train.py", name):
            bundle.writestr(member, "")
    with pytest.raises(HeldoutError, match=f"more than code: {name}"):
        pack(tmp_path / "ready.zip", limit=16 * 1024, code_only=True)


def test_a_train_run_needs_both_files(tmp_path: Path) -> None:
    (tmp_path / "model.py").touch()
    with pytest.raises(HeldoutError, match=r"no train\.py"):
        pack(tmp_path, limit=16 * 1024, code_only=True)


def test_missing_and_empty_sources_are_named(tmp_path: Path) -> None:
    with pytest.raises(HeldoutError, match="there is no"):
        pack(tmp_path / "nowhere", limit=LIMIT)
    (tmp_path / "empty.zip").write_bytes(b"")
    with pytest.raises(HeldoutError, match="is empty"):
        pack(tmp_path / "empty.zip", limit=LIMIT)


def test_what_was_kept_is_fetched_and_altered_bytes_are_not(tmp_path: Path) -> None:
    archive = Archive(b"bytes", "mine.zip")
    path = keep(archive, tmp_path)
    assert path == place(tmp_path, archive.sha256)
    assert fetch(tmp_path, archive.sha256) == b"bytes"
    path.write_bytes(b"other")
    with pytest.raises(HeldoutError, match="altered"):
        fetch(tmp_path, archive.sha256)
    path.unlink()
    with pytest.raises(HeldoutError, match="missing"):
        fetch(tmp_path, archive.sha256)


def test_what_a_killed_process_left_is_swept_in_time(tmp_path: Path) -> None:
    archive = Archive(b"whole", "a.zip")
    folder = place(tmp_path, archive.sha256).parent
    folder.mkdir()
    left, other = folder / f"{INCOMING}left", folder / f"{INCOMING}being-written"
    for path in (left, other):
        path.write_bytes(b"a part")
    long_ago = left.stat().st_mtime - STALE - 60
    os.utime(left, (long_ago, long_ago))
    kept = keep(archive, tmp_path)
    assert sorted(folder.iterdir()) == sorted([kept, other])


def test_a_full_disk_keeps_nothing(tmp_path: Path) -> None:
    """On a real full disk: a file system of 64 KiB in a mount namespace of its own."""
    keeping = (
        "import sys; from pathlib import Path; from grader.archive import Archive, keep\n"
        "shelf = Path(sys.argv[1])\n"
        "try: keep(Archive(b'x' * 200_000, 'a.zip'), shelf)\n"
        "except Exception as error: print(type(error).__name__, error)\n"
        "print('left:', [str(p) for p in shelf.rglob('*') if p.is_file()])\n"
    )
    small = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--size", "65536", "--tmpfs", str(tmp_path)]
    command = [*small, sys.executable, "-c", keeping, str(tmp_path)]
    printed = subprocess.run(command, capture_output=True, text=True, cwd=Path.cwd(), check=True).stdout
    assert "Unavailable the disk is full: nothing was received" in printed
    assert "left: []" in printed
