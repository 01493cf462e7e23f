"""Grading in this process: the course's data, the sandbox, a pool of threads, and progress bars."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from commands.telling import Telling
from grader import archive, catalogue
from grader.autograde import Autograder, new_run_seed
from grader.course import Course
from grader.grade import grade
from grader.outline import RunKind
from grader.prepared import Data, load_data
from grader.report import Job, Report, Verdict
from grader.sandbox.probe import choose
from grader.spec import Assignment, Metric
from leaderboard.plain import one_line
from leaderboard.store import Store


class Workbench:
    """What `grade`, `baselines` and `submit --wait` share. A context: leaving it starts nothing new.

    Raises SandboxError when a required layer of the sandbox is missing.
    """

    def __init__(self, course: Course, store: Store, *, jobs: int, sandbox_name: str) -> None:
        self._course = course
        self._store = store
        self._jobs = jobs
        self._sandbox = choose(sandbox_name, resident=True)
        # One thread per job: the student's code runs in processes of its own and NumPy lets go of the lock.
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="grading")
        self._bars = Bars()
        self._telling = Telling(store)
        self._reading = threading.Lock()
        self._assignment = cache(self._read_assignment)

    def __enter__(self) -> Self:
        self._bars.start()
        self._telling.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._bars.stop()
        self._telling.stop()
        self._sandbox.close()

    def run(self, *, watch: bool = False, until: Callable[[], bool] = lambda: False) -> int:
        """Grade what is queued; return how many judgings this process recorded."""
        recorded: list[int] = []

        def note(job: Job, report: Report) -> None:
            recorded.append(job.ref)
            released = report.public and self._store.submission(job.ref).released
            self._bars.announce(job, report, self._metric(job) if released else None)

        grader = Autograder(self._store, self._threads, self._grade, slots=self._jobs, recorded=note)
        grader.run(watch=watch, until=until)
        return len(recorded)

    def _metric(self, job: Job) -> Metric:
        return self._assignment(job.assignment, job.data_version)[0].metric

    def _grade(self, job: Job) -> Report:
        with self._reading:
            assignment, data = self._assignment(job.assignment, job.data_version)
        data_in = archive.fetch(self._course.archives, job.sha256)
        with self._bars.job(job) as progress:
            return grade(
                assignment,
                data_in,
                data,
                sandbox=self._sandbox,
                run_seed=new_run_seed(),
                run_kind=job.run_kind,
                progress=progress,
                watch=self._telling.of(job),
            )

    def _read_assignment(self, slug: str, version: int) -> tuple[Assignment, Data]:
        return self._course.settle(catalogue.find(slug)), load_data(self._course, slug, version)


@contextmanager
def bar(label: str) -> Iterator[Callable[[str, int, int], None]]:
    """One bar on standard error, gone when the context is left."""
    columns = TextColumn("{task.fields[label]}"), BarColumn(bar_width=24), TextColumn("{task.description}")
    console = Console(stderr=True)
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_interactive
    ) as progress:
        yield JobBar(progress, progress.add_task("starting", total=None, label=label)).show


class Bars:
    """A line with a bar for every job that runs, and a line that stays for every one that is judged.

    All is written under one lock. A thread of rich's own could redraw, with a bar less, after `print` has
    counted the lines to wipe out and before it does: one too many, and a line that was to stay is gone.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._progress = Progress(  # never started: `_draw` shows it
            SpinnerColumn(),
            TextColumn("#{task.fields[ref]} {task.fields[slug]} · {task.fields[team]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
        )
        self._live = Live(
            get_renderable=self._progress.get_renderable,
            console=self._console,
            auto_refresh=False,
            transient=True,
        )
        self._writing = threading.Lock()
        self._stopped = threading.Event()
        self._drawer = threading.Thread(target=self._draw, name="bars", daemon=True)

    def start(self) -> None:
        self._live.start()
        self._drawer.start()

    def stop(self) -> None:
        self._stopped.set()
        self._drawer.join()
        self._live.stop()

    def _draw(self) -> None:
        while not self._stopped.wait(0.1):
            with self._writing:
                self._live.refresh()

    def job(self, job: Job) -> "JobBar":
        task = self._progress.add_task(
            "starting", total=None, ref=job.ref, slug=job.assignment, team=escape(one_line(job.team)[:28])
        )
        return JobBar(self._progress, task)

    def announce(self, job: Job, report: Report, metric: Metric | None) -> None:
        with self._writing:
            self._console.print(outcome(job, report, metric), soft_wrap=True)


class JobBar:
    """The bar of one job, as a `Progress` callback; gone when the context is left."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def __enter__(self) -> Callable[[str, int, int], None]:
        return self.show

    def __exit__(self, *exc: object) -> None:
        self._progress.remove_task(self._task)

    def show(self, phase: str, done: int, total: int) -> None:
        text = f"{phase} {done:,}/{total:,}" if total else phase
        task = next(task for task in self._progress.tasks if task.id == self._task)
        task.total = total or None  # `update` takes None for "as before"
        self._progress.update(self._task, description=text, completed=done)
        task.finished_time = None  # one phase is full, the job goes on: so does its clock


def outcome(job: Job, report: Report, metric: Metric | None) -> str:
    """One line about a judging, in rich's markup, for the terminal of whoever grades."""
    kind = ", train run" if job.run_kind is RunKind.TRAIN else ""
    head = f"#{job.ref} {job.assignment}{kind} · {escape(one_line(job.team))}"
    if metric is not None:
        score = report.public[metric.name]
        value = f"{score.value:z.{metric.digits}f} ± {score.half_width:.{metric.digits}f} {metric.unit}"
        return f"[green]✓[/] {head}  {metric.name} [bold]{value.strip()}[/]"
    if report.verdict is Verdict.SCORED:
        return f"[green]✓[/] {head}  no significant improvement"
    if report.failure is not None:
        first = report.failure.message.split("\n")[0]
        return f"[red]✗[/] {head}  failed ({report.failure.reason}): {escape(one_line(first))}"
    last = (report.log.strip().splitlines() or ["no reason known"])[-1]
    return f"[yellow]![/] {head}  our fault, attempt {job.attempt}: {escape(one_line(last))}"
