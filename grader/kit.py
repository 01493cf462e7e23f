"""What a student starts from: statement, starter code, public data; and the notebook, once it is released."""

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

from grader.archive import EPOCH
from grader.course import Course
from grader.notebook.source import NAME
from grader.prepared import PUBLIC
from grader.spec import Assignment

Files = list[tuple[str, Path]]  # names inside, and files


def released(course: Course, slug: str) -> Path:
    """Where the student's version of its notebook is kept."""
    return course.folder / "notebooks" / slug / NAME


def sources(course: Course, assignment: Assignment, version: int, *, notebook: bool = True) -> Files:
    """Without the `notebook` it is what a notebook runs beside."""
    starter = assignment.folder / "starter"
    files = [
        path for path in sorted(starter.rglob("*")) if path.is_file() and "__pycache__" not in path.parts
    ]
    public = course.data(assignment.slug, version) / PUBLIC
    found = [(path.relative_to(starter).as_posix(), path) for path in files]
    found += [("README.md", assignment.folder / "README.md"), (f"data/{public.name}", public)]
    its = released(course, assignment.slug)
    return [*found, (NAME, its)] if notebook and its.is_file() else found


def bundle(files: Iterable[tuple[str, Path]]) -> bytes:
    """A zip, the same bytes for the same files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for name, path in files:
            how = zipfile.ZIP_STORED if path.suffix == ".npz" else zipfile.ZIP_DEFLATED
            packed.writestr(zipfile.ZipInfo(name, EPOCH), path.read_bytes(), how)
    return made.getvalue()
