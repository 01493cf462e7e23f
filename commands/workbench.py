"""Grading from this process, by hands of this machine or a cluster's, with progress bars."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from commands.telling import Telling
from grader import gpus
from grader.autograde import Autograder, Lane, Lost
from grader.bench import Bench, CourseSupply
from grader.course import Course
from grader.errors import SandboxError
from grader.outline import RunKind
from grader.report import Choice, Job, Report, Verdict
from grader.sandbox import gpu
from grader.sandbox.probe import choose
from grader.spec import Metric
from grader.student import Progress as Told
from grader.student import Watch
from grader.task import Task
from leaderboard.plain import one_line
from leaderboard.store import Store


class Hands(Protocol):
    """Who grades tasks: this machine, or a cluster's; `most` at a time."""

    @property
    def most(self) -> int | None: ...
    def lanes(self, grade_job: Callable[[Job], Report]) -> Sequence[Lane]: ...
    def grade(self, task: Task, progress: Told, watch: Watch) -> Report:
        """Called by what `lanes` run, in a thread of theirs."""

    def stop(self) -> None:
        """Start nothing new."""

    def close(self) -> None: ...


class ThisMachine:
    """Threads, one per slot: the student's code runs in processes of its own and NumPy lets go of the lock.

    Raises SandboxError when a required layer of the sandbox is missing.
    """

    def __init__(self, supply: CourseSupply, *, jobs: int, sandbox_name: str) -> None:
        self._sandbox = choose(sandbox_name, resident=True)
        self._bench = Bench(supply, self._sandbox)
        self._on_gpus = supply.on_gpus()
        self.most = jobs
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="grading")

    def lanes(self, grade_job: Callable[[Job], Report]) -> Sequence[Lane]:
        def submit(job: Job) -> Future[Report]:
            return self._threads.submit(grade_job, job)

        local = Lane("local", submit, lambda: self.most, Choice(self._on_gpus))
        if not self._on_gpus:
            return [local]
        choice = Choice(self._on_gpus, others=False)
        return [Lane("local gpu", submit, lambda: len(gpus.offered()), choice, no_gpu), local]

    def grade(self, task: Task, progress: Told, watch: Watch) -> Report:
        if task.needs_gpu and not gpus.offered():
            raise Lost(no_gpu().what)
        return self._bench.grade(task, progress, watch)

    def stop(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        self._sandbox.close()


def no_gpu() -> SandboxError:
    here = gpu.allowed()
    return SandboxError(
        "no NVIDIA GPU on this machine can be used",
        where=f"quarantined: {', '.join(map(str, here))}" if here else "none is there",
        expected="/dev/nvidiactl, and a GPU beside it",
        next_step=f"reset it and remove its file in {gpu.FOLDER}"
        if here
        else "grade with `--device cpu`, or let a machine that has one do it: --scheduler",
    )


class Workbench:
    """What `grade`, `baselines` and `submit --wait` share. A context: leaving it starts nothing new."""

    def __init__(self, supply: CourseSupply, store: Store, hands: Hands) -> None:
        self._supply = supply
        self._store = store
        self._hands = hands
        self._bars = Bars()
        self._telling = Telling(store)
        self.drained = False  # somebody sent this grader home

    def __enter__(self) -> Self:
        self._bars.start()
        self._telling.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._hands.stop()
        self._bars.stop()
        self._telling.stop()
        self._hands.close()

    def run(self, *, watch: bool = False, until: Callable[[], bool] = lambda: False) -> int:
        """Grade what is queued; return how many judgings this process recorded."""
        recorded: list[int] = []

        def note(job: Job, report: Report) -> None:
            recorded.append(job.ref)
            released = report.public and self._store.submission(job.ref).released
            self._bars.announce(job, report, self._metric(job) if released else None)

        lanes = self._hands.lanes(self._grade)
        grader = Autograder(self._store, lanes, recorded=note, most=self._hands.most)
        grader.run(watch=watch, until=until)
        self.drained = grader.drained
        return len(recorded)

    def _metric(self, job: Job) -> Metric:
        return self._supply.settled(job.assignment).metric_of(job.run_kind)

    def _grade(self, job: Job) -> Report:
        task = self._supply.task(job)
        with self._bars.job(job) as progress:
            return self._hands.grade(task, progress, self._telling.of(job))


def on_this_machine(
    course: Course, store: Store, *, jobs: int, sandbox_name: str, device: str = "auto"
) -> Workbench:
    """Raises SandboxError when a required layer of the sandbox, or a GPU that is asked for, is missing."""
    if device == "cuda" and not gpus.offered():
        raise no_gpu()
    supply = CourseSupply(course, device=device)
    return Workbench(supply, store, ThisMachine(supply, jobs=jobs, sandbox_name=sandbox_name))


def on_a_cluster(
    course: Course, store: Store, cluster: tuple[str, Path | None, int | None], *, device: str, wait: bool
) -> Workbench:
    """`cluster`: a scheduler's address, a folder of certificates, and how many tasks may be out at most.

    Raises HeldoutError as `Dispatcher` does.
    """
    from cluster.addresses import parse
    from cluster.dispatch import Dispatcher

    address, certificates, most = cluster
    supply = CourseSupply(course, device=device)
    return Workbench(supply, store, Dispatcher(supply, parse(address), certificates, most=most, wait=wait))


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
    kind = {RunKind.TRAIN: ", train run", RunKind.NOTEBOOK: ", notebook"}.get(job.run_kind, "")
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
