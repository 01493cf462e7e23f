"""What is no backup, or no longer one, is refused, and a hostile one writes nothing."""

import io
import random
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commands.restoring import restore
from commands.saving import save
from grader.bundle import opened
from grader.course import Course
from grader.errors import HeldoutError
from leaderboard.database import HEAD
from tests.leaderboard.backups import (
    add,
    fails,
    files_of,
    forge,
    make_course,
    restored_from,
    rows_of,
    submit_some,
    type_in,
)
from tests.leaderboard.conftest import Clock

pytestmark = pytest.mark.thorough


@pytest.fixture
def small(sqlite_url: str, folder: Path) -> Course:
    """On SQLite; Ada has a scored submission, one that waits, and one that is being judged."""
    made = make_course(folder)
    submit_some(made, Clock())
    return made


@pytest.fixture
def saved(small: Course, folder: Path) -> Path:
    return save(small, folder / "a.tar").path


@pytest.mark.parametrize("place", range(24))
def test_a_cut_backup_is_refused(place: int, saved: Path, folder: Path) -> None:
    data = saved.read_bytes()
    end = data.rindex(b"manifest.sha256\0") + 512 + 80  # what follows is zeros
    cuts = [0, 1, 511, 512, 513, end - 1, end - 81, end - 600, *range(1024, end, end // 12)]
    saved.write_bytes(data[: cuts[place % len(cuts)]])
    said = fails(saved, folder)
    assert "breaks off" in said or "no backup" in said


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_is_found_or_changes_nothing(
    seed: int, saved: Path, small: Course, folder: Path
) -> None:
    """Nothing rests on the padding and on the times that a tar keeps; each member is as likely as another."""
    rng, data = random.Random(seed), bytearray(saved.read_bytes())
    with tarfile.open(saved) as tar:
        info = rng.choice(tar.getmembers())
    at = rng.randrange(info.offset, info.offset_data + min(info.size, 2000))
    data[at] ^= 1 << rng.randrange(8)
    saved.write_bytes(data)
    try:
        again = restored_from(saved, folder / "again")
    except HeldoutError:
        assert not (folder / "again").exists()
        with pytest.raises(HeldoutError), opened(saved) as bundle:
            bundle.verify()
    else:
        assert at < info.offset_data, "a member was altered, and nobody has seen it"
        assert (rows_of(again), files_of(again)) == (rows_of(small), files_of(small))


def rename_archive(manifest: dict[str, Any]) -> None:
    """An archive under another's name: its bytes are the manifest's."""
    first, second = [name for name in manifest["members"] if name.startswith("archives/")][:2]
    manifest["members"][first], manifest["members"][second] = (
        manifest["members"][n] for n in (second, first)
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m.update(format=2), "made by a newer version of heldout (format 2)"),
        (lambda m: m.update(revision="r9999"), "from a newer version of Heldout"),
        (lambda m: m.update(revision="../../../etc"), "can't be read"),
        (lambda m: m.update(database="mysql"), "can't be read"),
        (lambda m: m.pop("rows"), "can't be read"),
        (lambda m: m.update(made_at="2026-01-01T00:00:00"), "can't be read"),
        (lambda m: m["rows"].update(submissions=2), "not the one that was backed up: submissions"),
        (lambda m: m["rows"].pop("events"), "not the one that was backed up: events"),
        (lambda m: m.update(revision="r0004"), f"not the one that was backed up: {HEAD}"),
        (lambda m: m["members"].pop("seed"), "'seed' is not as the manifest has it"),
        (lambda m: m["members"]["seed"].update(size=1), "'seed' is not as the manifest has it"),
        (lambda m: m["members"]["seed"].update(sha256="0" * 64), "seed is not what was backed up"),
        (lambda m: m["members"].update({"../x": m["members"]["seed"]}), "'../x' is not as the manifest"),
        (rename_archive, "is not"),
    ],
)
def test_a_manifest_that_says_otherwise(
    change: Callable[[dict[str, Any]], object], says: str, saved: Path, folder: Path
) -> None:
    forge(saved, change)
    assert says in fails(saved, folder)


HOSTILE: dict[str, dict[str, Any]] = {
    "../outside": {},
    "/tmp/outside": {},  # noqa: S108
    "archives/../../outside": {},
    "archives/aa/../../../outside.zip": {},
    "data/../seed": {},
    "data/.hidden/public.npz": {},
    "data/x\ny/other.npz": {},
    "course.toml/x": {},
    "link": {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
    "data/denoising": {"type": tarfile.SYMTYPE, "linkname": "/tmp"},  # noqa: S108
    ".gitignore": {"type": tarfile.LNKTYPE, "linkname": "seed"},
    "archives": {"type": tarfile.DIRTYPE},
    "ledger.dump": {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3},
    "ledger.db": {"type": tarfile.FIFOTYPE},
    "data/a/public.npz": {"type": tarfile.CONTTYPE},
    "data/a/heldout.npz": {"type": tarfile.GNUTYPE_SPARSE},
    "data/a/manifest.json": {"pax_headers": {"comment": "x"}},
    "seed": {},  # there already
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("first", [True, False])
def test_hostile_tars_write_nothing(name: str, first: bool, saved: Path, folder: Path) -> None:
    honest = saved.read_bytes()
    with tarfile.open(saved, "w", format=tarfile.PAX_FORMAT) as tar:
        if first:
            add(tar, name, **HOSTILE[name])
        with tarfile.open(fileobj=io.BytesIO(honest)) as other:
            for info in other:
                tar.addfile(info, other.extractfile(info))
        if not first:
            add(tar, name, **HOSTILE[name])
    assert "this is no backup: it holds" in fails(saved, folder)


def header(size: int, kind: bytes) -> bytes:
    """Of a name that is longer than any disk, say."""
    info = tarfile.TarInfo("seed")
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"certainly no tar" * 100,
        bytes(10240),
        b"\x1f\x8b" + bytes(2000),
        header(2**80, tarfile.GNUTYPE_LONGNAME),
        header(2**60, tarfile.XHDTYPE),
        header(2**80, tarfile.REGTYPE),
        header(-1024, tarfile.REGTYPE),
    ],
    ids=["empty", "text", "zeros", "gzip", "long name", "long header", "long file", "backwards"],
)
def test_what_is_no_backup(data: bytes, folder: Path) -> None:
    (folder / "no.tar").write_bytes(data)
    fails(folder / "no.tar", folder)
    with pytest.raises(HeldoutError, match="no file"):
        restore(folder / "none.tar", folder / "again")
    with pytest.raises(HeldoutError, match="no file"):
        type_in("backup", "--verify", folder)


def test_a_backup_of_sqlite_takes_no_url(saved: Path, folder: Path) -> None:
    for url in ("postgresql://ada@localhost/course", f"sqlite:///{folder / 'other.db'}"):
        assert "a course on SQLite" in fails(saved, folder, url)
