"""Grades tasks: in one sandbox, with what a course supplies. The same here and on a cluster."""

import threading
from functools import cache, lru_cache
from typing import Protocol

from grader import archive, kit
from grader.autograde import new_run_seed
from grader.course import Course
from grader.current import CurrentCourse
from grader.errors import HeldoutError
from grader.gpus import Patient
from grader.grade import grade
from grader.notebook.grade import grade_notebook
from grader.notebook.source import NAME, Notebook, read_source
from grader.outline import RunKind
from grader.prepared import Data, load_data
from grader.report import Job, Report
from grader.sandbox import Sandbox
from grader.spec import Assignment
from grader.student import Progress, Watch, silent
from grader.task import Task, Terms, task_of

MOST_DATA = 4  # in memory, each an assignment's of a version


class Supply(Protocol):
    """Where an assignment, its data and its notebook come from: a course's folder, or what was sent of it."""

    def assignment(self, task: Task) -> Assignment: ...
    def data(self, task: Task) -> Data: ...
    def notebook(self, task: Task) -> tuple[Notebook, bytes]:
        """The assignment's own, and what a notebook runs beside."""


class Bench:
    """May be used by several threads at a time."""

    def __init__(self, supply: Supply, sandbox: Sandbox) -> None:
        self._supply, self._sandbox = supply, Patient(sandbox)

    def grade(self, task: Task, progress: Progress = silent, watch: Watch | None = None) -> Report:
        """Raises HeldoutError where the supply can't be read: our fault."""
        assignment = task.terms.applied(self._supply.assignment(task))
        if task.run_kind is RunKind.NOTEBOOK:
            return self._grade_notebook(task, assignment, progress, watch)
        return grade(
            assignment,
            task.archive,
            self._supply.data(task),
            sandbox=self._sandbox,
            run_seed=task.run_seed,
            run_kind=task.run_kind,
            progress=progress,
            watch=watch,
            gpu=task.terms.gpu,
        )

    def _grade_notebook(
        self, task: Task, assignment: Assignment, progress: Progress, watch: Watch | None
    ) -> Report:
        original, beside = self._supply.notebook(task)
        return grade_notebook(
            original,
            task.archive,
            beside,
            sandbox=self._sandbox,
            limits=assignment.limits,
            budget=assignment.notebook_budget,
            progress=progress,
            watch=watch,
        )


class CourseSupply:
    """A course's folder under today's settings. Data are read once: two threads that want the same wait for
    one another.
    """

    def __init__(self, course: Course, *, device: str = "auto") -> None:
        """`device`: "cuda": trainings have a GPU; "cpu": nobody has; "auto": as assignments say."""
        self.device = device
        self._current = CurrentCourse(course)
        self._reading = threading.RLock()
        self._data = lru_cache(MOST_DATA)(self._read_data)
        self._notebook = cache(self._read_notebook)

    @property
    def course(self) -> Course:
        return self._current()

    def task(self, job: Job) -> Task:
        """What is to be done for a job, with a fresh seed. Raises HeldoutError."""
        terms = Terms.of(self.settled(job.assignment)).on(self.device, job.run_kind)
        handed_in = archive.fetch(self.course.archives, job.sha256)
        return task_of(job, handed_in, terms, new_run_seed())

    def on_gpus(self) -> frozenset[tuple[str, RunKind]]:
        """What of this course has a GPU, by assignment and kind."""
        boards = [(slug, kind) for slug in self.course.config.assignments for kind in RunKind]
        return frozenset(board for board in boards if self._has_gpu(*board))

    def _has_gpu(self, slug: str, run_kind: RunKind) -> bool:
        if self.device == "cpu":
            return False
        try:
            return Terms.of(self.settled(slug)).on(self.device, run_kind).needs_gpu
        except HeldoutError:  # as it is said of each that is handed in
            return False

    def settled(self, slug: str) -> Assignment:
        return self._current.assignment(slug)

    def assignment(self, task: Task) -> Assignment:
        return self.settled(task.assignment)

    def data(self, task: Task) -> Data:
        with self._reading:
            return self._data(task.assignment, task.data_version)

    def notebook(self, task: Task) -> tuple[Notebook, bytes]:
        with self._reading:
            return self._notebook(task.assignment, task.data_version)

    def _read_data(self, slug: str, version: int) -> Data:
        return load_data(self.course, slug, version)

    def _read_notebook(self, slug: str, version: int) -> tuple[Notebook, bytes]:
        assignment = self.settled(slug)
        files = kit.sources(self.course, assignment, version, notebook=False)
        return read_source(assignment.folder / NAME, rubrics=False), kit.bundle(files)
