"""An assignment's data as drawn for one course: written once by its secret seed, verified at every reading.

public.npz     what students get with `heldout start`
heldout.npz    what only the grader reads
manifest.json  their SHA-256
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from grader.course import Config, Course
from grader.errors import HeldoutError
from grader.spec import Array, Assignment, Prepared

PUBLIC, HELDOUT, MANIFEST = "public.npz", "heldout.npz", "manifest.json"


@dataclass(frozen=True)
class Data:
    """What grading reads: public and held-out arrays, and a checksum of both, stored with each result."""

    public: Mapping[str, Array]
    heldout: Mapping[str, Array]
    sha256: str


def check_size(assignment: Assignment, size: int | None) -> int:
    """How many held-out items to draw where `size` was asked for (None: nothing was).

    Raises HeldoutError when the assignment can't have so many or so few.
    """
    allowed = assignment.items
    n = allowed.largest if size is None else size
    if not allowed.smallest <= n <= allowed.largest:
        raise HeldoutError(
            f"{assignment.slug}: {n} held-out items were asked for",
            expected=f"{allowed.smallest} to {allowed.largest}",
            next_step=f"choose `items` within that: in course.toml below [assignments.{assignment.slug}], "
            "or for a new course with --items",
        )
    return n


def check_sizes(config: Config, assignments: Iterable[Assignment]) -> None:
    """Check all of a course's sizes before any data are drawn, which takes minutes. Raises HeldoutError."""
    for assignment in assignments:
        check_size(assignment, config.assignments[assignment.slug].items)


def draw(
    assignment: Assignment, seed: int, *, size: int | None = None, source: Path | None = None
) -> Prepared:
    """Draw `size` held-out items, by default the most there may be, and what is handed out with them.

    Raises HeldoutError when the size is out of range, or the data set (in `source`, by default in one of the
    usual places) is missing or altered.
    """
    share = assignment.rules.public_share
    if share is not None and not assignment.divisible:
        raise HeldoutError(
            f"{assignment.slug}: the public share can't be set",
            where=f"public_share = {share}",
            expected="an assignment whose items are scored one by one",
            next_step="remove that line from course.toml",
        )
    prepared = assignment.prepare(source, seed, check_size(assignment, size))
    return prepared if share is None else _divided(assignment, prepared, share)


def _divided(assignment: Assignment, prepared: Prepared, share: float) -> Prepared:
    """The first `share` of the items, in whole blocks, are the public board's; each board has some."""
    n, block = len(prepared.heldout["public"]), assignment.block
    count = min(max(round(share * n / block), 1), (n - 1) // block) * block
    return Prepared(prepared.public, {**prepared.heldout, "public": np.arange(n) < count})


def prepare(course: Course, assignment: Assignment, version: int = 1) -> bool:
    """Draw the course's public and held-out data, once. Returns False when they are there already.

    A later version is drawn by the same seed, under the settings of today. Raises HeldoutError like `draw`.
    """
    folder = course.data(assignment.slug, version)
    if (folder / MANIFEST).is_file():
        return False
    settings = course.config.assignments[assignment.slug]
    source = settings.data or course.config.data
    prepared = draw(course.settle(assignment), course.seed, size=settings.items, source=source)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".preparing-") as temporary:
        draft = Path(temporary) / folder.name
        draft.mkdir()
        _write(prepared, draft)
        shutil.rmtree(folder, ignore_errors=True)  # only ever a folder without a manifest: unfinished
        os.rename(draft, folder)
    return True


def _write(prepared: Prepared, folder: Path) -> None:
    manifest: dict[str, Any] = {"format": 1}
    for name, arrays in ((PUBLIC, prepared.public), (HELDOUT, prepared.heldout)):
        np.savez(folder / name, allow_pickle=False, **arrays)
        manifest[name] = _checksum(folder / name)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")


def load_data(course: Course, slug: str, version: int = 1) -> Data:
    """Read an assignment's data. Raises HeldoutError when they are missing or not as they were prepared."""
    folder = course.data(slug, version)
    manifest = verify(folder)
    return read_data(folder / PUBLIC, folder / HELDOUT, manifest)


def read_data(public: Path | BytesIO, heldout: Path | BytesIO, sha256s: Mapping[str, str]) -> Data:
    """From two files whose checksums, by name, have been verified."""
    both = hashlib.sha256((sha256s[PUBLIC] + sha256s[HELDOUT]).encode()).hexdigest()
    return Data(_read(public), _read(heldout), both)


def load_public(course: Course, slug: str, version: int = 1) -> Mapping[str, Array]:
    """Read the public data alone: what `check` needs. Raises HeldoutError like `load_data`."""
    folder = course.data(slug, version)
    _verify(folder / PUBLIC, _read_manifest(folder)[PUBLIC])
    return _read(folder / PUBLIC)


def verify(folder: Path) -> Mapping[str, str]:
    """The checksums of prepared data, by file. Raises HeldoutError when they are missing or altered."""
    manifest = _read_manifest(folder)
    for name in (PUBLIC, HELDOUT):
        _verify(folder / name, manifest[name])
    return manifest


def checksums(folder: Path) -> Mapping[str, str]:
    """As its manifest has them, by file; nothing is verified. Raises HeldoutError when they are missing."""
    return _read_manifest(folder)


def _read_manifest(folder: Path) -> dict[str, str]:
    try:
        manifest: dict[str, str] = json.loads((folder / MANIFEST).read_text())
        return {name: manifest[name] for name in (PUBLIC, HELDOUT)}
    except (FileNotFoundError, ValueError, KeyError) as error:
        raise HeldoutError(
            f"the data of {folder.name} are not prepared, or their manifest is damaged",
            where=str(folder / MANIFEST),
            next_step=f"remove {folder} and run `heldout course init {folder.parents[1]}`",
        ) from error


def _verify(path: Path, sha256: str) -> None:
    if path.is_file() and _checksum(path) == sha256:
        return
    raise HeldoutError(
        "a data file was altered since it was prepared" if path.is_file() else "a data file is missing",
        where=str(path),
        expected=f"SHA-256 {sha256}",
        next_step=f"remove {path.parent} and run `heldout course init {path.parents[2]}`: "
        "the course's seed draws the data again, under the settings of today",
    )


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path | BytesIO) -> Mapping[str, Array]:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)
