"""The course under today's settings, for a process that runs for days."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from grader import catalogue
from grader.course import CONFIG, Course, open_course
from grader.errors import HeldoutError
from grader.spec import Assignment

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Read:
    """The settings as they were at one time, and the assignments under them: replaced as a whole."""

    course: Course
    file: tuple[int, ...] = ()  # which file they were in: see `_state`
    assignments: dict[str, Assignment] = field(default_factory=dict)


class CurrentCourse:
    """Hears of a rule that was changed; a file that can't be read leaves all as it was, and is told of once.

    May be used from several threads: who asks while the settings change gets the old ones or the new ones.
    """

    def __init__(self, course: Course) -> None:
        self._read = Read(course)
        self._refused: tuple[int, ...] = ()  # the file that was told of

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
        file = _state(read.course.folder / CONFIG)
        if file and file not in (read.file, self._refused):
            try:
                self._read = read = Read(open_course(read.course.folder), file)
            except (OSError, HeldoutError) as error:
                self._refused = file
                log.warning("the settings from before stay in force: %s", error)
        return read


def _state(path: Path) -> tuple[int, ...]:
    """Nothing while an editor writes it anew: there is none then, or nothing in it.

    The clock of files ticks every few milliseconds: one that was emptied and then written has one time.
    """
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_size, found.st_ino) if found.st_size else ()
