"""Another's course, as nbgrader keeps it: sources, students, what was handed in, what was given by hand.

source/ASSIGNMENT/NOTEBOOK.ipynb · submitted/STUDENT/ASSIGNMENT/NOTEBOOK.ipynb · gradebook.db
Nothing in it is changed. Files of the teacher's are trusted, students' are read as bytes.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from grader.errors import HeldoutError
from grader.notebook.source import NAME
from grader.scaffold import LONGEST, PATTERN

ASSIGNMENT = '''"""A notebook alone: see notebook.ipynb."""

from grader.notebook.alone import alone

ASSIGNMENT = alone({slug!r}, {title!r})
'''


@dataclass(frozen=True)
class Source:
    """One notebook of one of its assignments. `beside`: the files that lie next to it."""

    slug: str
    assignment: str
    notebook: str
    path: Path
    beside: tuple[Path, ...] = ()

    @property
    def title(self) -> str:
        same = self.slug == _slug(self.assignment)
        return self.assignment if same else f"{self.assignment}: {self.notebook}"


@dataclass(frozen=True)
class Pupil:
    id: str
    name: str
    email: str


@dataclass(frozen=True)
class HandedIn:
    student: str
    source: Source
    path: Path
    at: datetime | None


@dataclass(frozen=True)
class Given:
    """Points by hand, and what was written about a cell."""

    student: str
    source: Source
    cell: str
    points: float
    comment: str = ""


@dataclass(frozen=True)
class Found:
    sources: tuple[Source, ...]
    pupils: tuple[Pupil, ...] = ()
    handed_in: tuple[HandedIn, ...] = ()
    given: tuple[Given, ...] = ()
    remarks: tuple[str, ...] = field(default=())


def read_course(folder: Path) -> Found:
    """Raises HeldoutError where it is no course of nbgrader's."""
    sources = list(_sources(folder / "source"))
    if not sources:
        raise HeldoutError(
            "there is no notebook to take over",
            where=str(folder / "source"),
            expected="source/ASSIGNMENT/NOTEBOOK.ipynb, as nbgrader keeps a course",
            next_step="name the folder that has nbgrader_config.py",
        )
    handed_in = list(_handed_in(folder / "submitted", sources))
    known, given = _gradebook(folder / "gradebook.db", sources)
    ids = {one.student for one in handed_in} - {one.id for one in known}
    pupils = [*known, *(Pupil(name, name, _email(name)) for name in sorted(ids))]
    remarks = [] if known or not ids else ["gradebook.db knows no student: names are those of folders"]
    if (folder / "source" / "header.ipynb").is_file():
        remarks.append("source/header.ipynb is not taken over")
    return Found(tuple(sources), tuple(pupils), tuple(handed_in), tuple(given), tuple(remarks))


def write_assignment(source: Source, home: Path) -> Path:
    """Make it an assignment of ours, below `home`; one that is there stays as it is."""
    folder = home / "assignments" / source.slug
    if folder.exists():
        return folder
    with tempfile.TemporaryDirectory(dir=home, prefix=".import-") as temporary:
        draft = Path(temporary) / source.slug
        (draft / "starter").mkdir(parents=True)
        for path in source.beside:
            target = draft / "starter" / path.relative_to(source.path.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        shutil.copyfile(source.path, draft / NAME)
        (draft / "README.md").write_text(f"# {source.title}\n\nThe work is in `notebook.ipynb`.\n")
        (draft / "assignment.py").write_text(ASSIGNMENT.format(slug=source.slug, title=source.title))
        (home / "assignments").mkdir(exist_ok=True)
        draft.rename(folder)
    return folder


# ---------------------------------------------------------------- folders


def _sources(folder: Path) -> Iterator[Source]:
    for assignment in sorted(path for path in folder.glob("*") if path.is_dir()):
        notebooks = sorted(assignment.glob("*.ipynb"))
        beside = tuple(
            path
            for path in sorted(assignment.rglob("*"))
            if path.is_file() and path.suffix != ".ipynb" and not _hidden(path.relative_to(assignment))
        )
        for path in notebooks:
            name = assignment.name if len(notebooks) == 1 else f"{assignment.name}-{path.stem}"
            yield Source(_slug(name), assignment.name, path.stem, path, beside)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def _slug(name: str) -> str:
    """As an assignment of ours may be called.

    >>> _slug("Problem Set 1"), _slug("2024_hw")
    ('problem-set-1', 'task-2024-hw')
    """
    found = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:LONGEST].rstrip("-")
    return found if PATTERN.fullmatch(found) else f"task-{found}"[:LONGEST].rstrip("-")


def _handed_in(folder: Path, sources: Sequence[Source]) -> Iterator[HandedIn]:
    for student in sorted(path for path in folder.glob("*") if path.is_dir()):
        for source in sources:
            theirs = student / source.assignment
            path = theirs / f"{source.notebook}.ipynb"
            if path.is_file():
                yield HandedIn(student.name, source, path, _timestamp(theirs / "timestamp.txt"))


def _timestamp(path: Path) -> datetime | None:
    """As nbgrader writes it: "2015-02-02 15:58:23.948203 UTC", another zone, or none, which is UTC."""
    try:
        text = path.read_text(errors="replace").strip()
        found = datetime.fromisoformat(re.sub(r"\s*UTC$", "+00:00", text))
    except (OSError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _email(student: str) -> str:
    """For a roster of ours, which has one for everybody: none that anybody reads."""
    return f"{re.sub('[^A-Za-z0-9._-]', '-', student)}@students.invalid"


# ---------------------------------------------------------------- gradebook.db


def _gradebook(path: Path, sources: Sequence[Source]) -> tuple[list[Pupil], list[Given]]:
    """Students, and points that people gave. Read from a copy."""
    if not path.is_file():
        return [], []
    from nbgrader.api import Gradebook

    with tempfile.TemporaryDirectory(prefix="heldout-import-") as folder:
        copy = Path(folder, path.name)
        shutil.copyfile(path, copy)
        try:
            with Gradebook(f"sqlite:///{copy}") as book:
                return [_pupil(one) for one in book.students], list(_given(book, sources))
        except Exception as error:  # nbgrader's kinds and SQLAlchemy's: an old schema, no database
            raise HeldoutError(
                "the gradebook can't be read",
                where=f"{path}: {str(error)[:300]}",
                expected="one of nbgrader 0.9",
                next_step="`nbgrader db upgrade` in that folder brings an older one up to date",
            ) from error


def _pupil(row: object) -> Pupil:
    found: Mapping[str, str] = {
        name: (getattr(row, name, None) or "").strip() for name in ("id", "first_name", "last_name", "email")
    }
    name = f"{found['first_name']} {found['last_name']}".strip() or found["id"]
    email = found["email"] if "@" in found["email"] else _email(found["id"])
    return Pupil(found["id"], name, email)


def _given(book: object, sources: Sequence[Source]) -> Iterator[Given]:
    for source in sources:
        for submission in book.assignment_submissions(source.assignment) if _has(book, source) else ():  # type: ignore[attr-defined]
            notebook = next((one for one in submission.notebooks if one.name == source.notebook), None)
            if notebook is None:
                continue
            comments = {one.name: one.comment or "" for one in notebook.comments}
            for grade in notebook.grades:
                if grade.manual_score is not None:
                    points = float(grade.manual_score) + float(grade.extra_credit or 0)
                    told = comments.get(grade.name, "")
                    yield Given(submission.student.id, source, grade.name, points, told)


def _has(book: object, source: Source) -> bool:
    return source.assignment in {one.name for one in book.assignments}  # type: ignore[attr-defined]
