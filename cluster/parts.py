"""A course in parts that are named by their SHA-256: what one end sends, and the other grades with."""

import hashlib
import os
import sys
import tempfile
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from cluster.shelf import Shelf
from grader import catalogue, kit, prepared
from grader.bench import CourseSupply
from grader.errors import HeldoutError
from grader.notebook.source import NAME, Notebook, read_source
from grader.outline import RunKind
from grader.prepared import HELDOUT, PUBLIC, Data
from grader.spec import Assignment
from grader.task import Task

ASSIGNMENT, NOTEBOOK, BESIDE = "assignment.zip", NAME, "beside.zip"
NOT_SENT = ("sanity", "starter", "__pycache__", "README.md", NAME)  # grading needs none of these
REMEMBERED = 4  # assignments and data sets that a worker keeps unpacked


@dataclass(frozen=True)
class Missing:
    """What a worker answers where it hasn't been sent all that a task needs."""

    sha256s: tuple[str, ...]


@dataclass(frozen=True)
class Withdrawn:
    """What a worker answers that can't grade any more, and leaves."""

    why: str


class Lacking(Exception):
    """A part that isn't on the shelf."""

    def __init__(self, sha256: str) -> None:
        super().__init__(sha256)
        self.sha256 = sha256


class Stock:
    """The sending end. Data stay in their files; of an assignment its few kilobytes are kept."""

    def __init__(self, supply: CourseSupply) -> None:
        self._supply = supply
        self._known: dict[str, Path | bytes] = {}
        self._parts: dict[tuple[str, int, bool], Mapping[str, str]] = {}
        self._packing = threading.Lock()

    def equip(self, task: Task) -> Task:
        """The task with the names of its parts. Raises HeldoutError when the course lacks one."""
        key = task.assignment, task.data_version, task.run_kind is RunKind.NOTEBOOK
        with self._packing:
            if key not in self._parts:
                self._parts[key] = self._packed(task)
            return replace(task, parts=self._parts[key])

    def part(self, sha256: str) -> bytes:
        """Raises HeldoutError when it is no longer what it was."""
        found = self._known[sha256]
        data = found if isinstance(found, bytes) else found.read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise HeldoutError(
                "a part of the course was altered while it was graded",
                where=str(found) if isinstance(found, Path) else "",
                expected=f"SHA-256 {sha256}",
                next_step="restart this grader; if it is a data file, restore it from the backup",
            )
        return data

    def _packed(self, task: Task) -> Mapping[str, str]:
        assignment = self._supply.assignment(task)
        folder = assignment.folder
        files = [
            (f"assignments/{task.assignment}/{path.relative_to(folder).as_posix()}", path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not set(path.relative_to(folder).parts) & set(NOT_SENT)
        ]
        found = {ASSIGNMENT: self._keep(kit.bundle(files))}
        if task.run_kind is RunKind.NOTEBOOK:
            beside = self._supply.notebook(task)[1]
            return found | {NOTEBOOK: self._keep(folder / NAME), BESIDE: self._keep(beside)}
        data = self._supply.course.data(task.assignment, task.data_version)
        sha256s = prepared.checksums(data)
        self._known |= {sha256s[name]: data / name for name in (PUBLIC, HELDOUT)}
        return found | {name: sha256s[name] for name in (PUBLIC, HELDOUT)}

    def _keep(self, part: Path | bytes) -> str:
        data = part if isinstance(part, bytes) else part.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        self._known[sha256] = part
        return sha256


class ShelfSupply:
    """The grading end. What isn't there raises Lacking; code is unpacked in `scratch`, a process's own."""

    def __init__(self, shelf: Shelf, scratch: Path) -> None:
        self._shelf, self._scratch = shelf, scratch
        self._assignment = lru_cache(REMEMBERED)(self._read_assignment)
        self._data = lru_cache(REMEMBERED)(self._read_data)
        self._notebook = lru_cache(REMEMBERED)(self._read_notebook)

    def lacking(self, task: Task) -> tuple[str, ...]:
        return tuple(sha256 for sha256 in task.parts.values() if not self._shelf.has(sha256))

    def assignment(self, task: Task) -> Assignment:
        return self._assignment(task.assignment, task.parts[ASSIGNMENT])

    def data(self, task: Task) -> Data:
        return self._data(task.parts[PUBLIC], task.parts[HELDOUT])

    def notebook(self, task: Task) -> tuple[Notebook, bytes]:
        return self._notebook(task.parts[NOTEBOOK], task.parts[BESIDE])

    def _read_assignment(self, slug: str, sha256: str) -> Assignment:
        home = self._scratch / sha256
        if not home.is_dir():
            with tempfile.TemporaryDirectory(dir=self._scratch) as beside:  # a full disk leaves no half
                whole = Path(beside) / sha256
                with zipfile.ZipFile(BytesIO(self._part(sha256))) as packed:
                    packed.extractall(whole)
                whole.rename(home)
        sys.dont_write_bytecode = True
        return catalogue.load(home / "assignments" / slug)

    def _read_data(self, public: str, heldout: str) -> Data:
        files = {name: self._part(sha256) for name, sha256 in ((PUBLIC, public), (HELDOUT, heldout))}
        sha256s = {PUBLIC: public, HELDOUT: heldout}
        return prepared.read_data(BytesIO(files[PUBLIC]), BytesIO(files[HELDOUT]), sha256s)

    def _read_notebook(self, source: str, beside: str) -> tuple[Notebook, bytes]:
        path = self._scratch / f"{source}.ipynb"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(self._part(source))
        return read_source(path, rubrics=False), self._part(beside)

    def _part(self, sha256: str) -> bytes:
        data = self._shelf.get(sha256)
        if data is None:
            raise Lacking(sha256)
        return data
