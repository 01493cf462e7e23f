"""The course under today's settings, for a process that runs for days."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from grader import catalogue
from grader.course import CONFIG, Course, open_course
from grader.errors import HeldoutError
from grader.spec import Assignment


@dataclass(frozen=True)
class Read:
    """The settings as they were at one time, and the assignments under them: replaced as a whole."""

    course: Course
    file: tuple[int, ...] = ()  # which file they were in: see `_state`
    assignments: dict[str, Assignment] = field(default_factory=dict)


class CurrentCourse:
    """Hears of a rule that was changed; a file that is being edited waits its turn.

    May be used from several threads: who asks while the settings change gets the old ones or the new ones.
    """

    def __init__(self, course: Course) -> None:
        self._read = Read(course)

    def __call__(self) -> Course:
        return self._latest().course

    def assignment(self, slug: str) -> Assignment:
        """Under the course's settings. Raises UnknownAssignment."""
        read = self._latest()
        if slug not in read.assignments:
            read.assignments[slug] = read.course.settle(catalogue.find(slug))
        return read.assignments[slug]

    def _latest(self) -> Read:
        read = self._read
        with suppress(OSError, HeldoutError):
            file = _state(read.course.folder / CONFIG)
            if file != read.file:
                self._read = read = Read(open_course(read.course.folder), file)
        return read


def _state(path: Path) -> tuple[int, ...]:
    """The clock of files ticks every few milliseconds: one that was emptied and then written has one time."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
