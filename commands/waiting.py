"""What is shown of a submission on its way: the upload, its place in the queue, its grading, its rank."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from commands.options import say
from desk.desk import Desk, Sent, Which
from grader.errors import Unavailable
from grader.outline import BOARDED
from leaderboard.plain import one_line, one_line_indented
from leaderboard.records import Receipt, Row, State, Submission, TeamKind
from leaderboard.render import print_submission

if TYPE_CHECKING:
    from desk.local import LocalDesk

BAR = 24  # cells


@contextmanager
def sending(name: str, *, quiet: bool = False) -> Iterator[Sent]:
    """A bar on standard error from the first byte on, gone when the context is left."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(BAR), DownloadColumn(), TimeRemainingColumn()
    progress = Progress(
        *columns, console=console, transient=True, disable=quiet or not console.is_interactive
    )
    task = progress.add_task(f"sending {escape(one_line(name)[:28])}", total=None)

    def sent(done: int, total: int) -> None:
        progress.start()
        progress.update(task, completed=done, total=total)

    try:
        yield sent
    finally:
        progress.stop()


def wait_for(
    desk: Desk, receipt: Receipt, which: Which, before: Sequence[Row], *, seconds: float, every: float
) -> None:
    """Wait for a score, at most so many seconds; print it, and what it did to the team's rank.

    `before`: the board as it was. Exits with 1 where there is no score.
    """
    from desk.remote import RemoteDesk

    if isinstance(desk, RemoteDesk):
        follow(desk, receipt.ref, seconds=seconds, every=every)
    else:
        from desk.local import LocalDesk

        assert isinstance(desk, LocalDesk)
        _grade(desk, receipt.ref, seconds=seconds)
    shown = desk.submission(receipt.ref)
    print_submission(shown.submission, shown.outline, "table", revealed=True)
    if shown.submission.state is not State.SCORED:
        raise SystemExit(1)
    if which.run_kind in BOARDED:
        click.echo(moved(before, desk.standings(which).rows, receipt.team))


def _grade(desk: "LocalDesk", ref: int, *, seconds: float) -> None:
    """On a course folder there may be no other grader: meanwhile this process grades."""
    from commands.workbench import on_this_machine

    deadline = time.monotonic() + seconds

    def over() -> bool:
        return desk.store.submission(ref).state.final or time.monotonic() > deadline

    with on_this_machine(desk.course, desk.store, jobs=1, sandbox_name="auto") as bench:
        bench.run(watch=True, until=over)


# ---------------------------------------------------------------- on a server


def follow(
    desk: Desk,
    ref: int,
    *,
    seconds: float,
    every: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Tell how it goes until it is judged, time is up, or somebody has seen enough."""
    deadline = clock() + seconds
    try:
        with Watching(ref) as watching:
            while not watching.show(_looked_up(desk, ref)):
                if clock() > deadline:
                    say(f"Not judged within {seconds:g} s; `heldout show {ref}` tells how it goes.")
                    return
                sleep(every)
    except KeyboardInterrupt:
        say(f"#{ref} stays where it is; `heldout show {ref}` tells how it goes.")
        raise SystemExit(130) from None


def _looked_up(desk: Desk, ref: int) -> Submission | None:
    """None: the server is away just now, which is no reason to give up."""
    try:
        return desk.submission(ref).submission
    except Unavailable:
        return None


class Watching:
    """A line about a submission on standard error, below what its code prints; a file gets every change."""

    def __init__(self, ref: int, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(BAR),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_interactive,
        )
        self._ref = ref
        self._task = self._progress.add_task(f"#{ref}", total=None)
        self._said = ""
        self._printed: list[str] = []

    def __enter__(self) -> "Watching":
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    def show(self, one: Submission | None) -> bool:
        """Whether it is judged. None: the server did not say."""
        if one is None:
            self._tell("no answer from the server; still trying", 0, 0)
            return False
        told = one.progress
        if told is not None:
            self._print(told.tail)
        self._tell(status(one), told.done if told else 0, told.total if told else 0)
        return one.state.final

    def _tell(self, text: str, done: int, total: int) -> None:
        counted = f"{text} {done:,}/{total:,}" if total else text
        self._progress.update(self._task, description=escape(f"#{self._ref} {counted}"), completed=done)
        self._progress.tasks[0].total = total or None  # `update` takes None for "as before"
        self._progress.tasks[0].finished_time = None  # one phase is full, the rest goes on
        self._progress.refresh()
        if text != self._said and not self._console.is_interactive:
            self._console.print(Text(f"#{self._ref} {text}"), soft_wrap=True)
        self._said = text

    def _print(self, tail: str) -> None:
        ended = finished(tail)
        for line in news(self._printed, ended):
            self._console.print(Text(one_line_indented(line), "dim"), soft_wrap=True)
        self._printed = ended


def status(one: Submission) -> str:
    """Where it is, in a few words."""
    if one.state is State.RUNNING:
        return one_line(one.progress.phase) if one.progress else "is being graded"
    if one.state is not State.QUEUED or one.place is None:
        return str(one.state)
    ahead = f"queued, {one.place.ahead:,} ahead" if one.place.ahead else "queued, the next"
    if one.place.paused:
        return f"{ahead}; grading is paused"
    if one.place.seconds is None:
        return f"{ahead}; no grader is at work"
    return f"{ahead}, about {max(1, round(one.place.seconds / 60))} min"


def finished(tail: str) -> list[str]:
    """Its lines that have ended, as a terminal would leave them.

    >>> finished("10 %\\r20 %\\r30 %\\nsaved\\nepo")
    ['30 %', 'saved']
    """
    return [line.rstrip("\r").rpartition("\r")[2] for line in tail.split("\n")[:-1]]


def news(before: Sequence[str], now: Sequence[str]) -> Sequence[str]:
    """The lines at the end of a log that were not there before.

    >>> news(["step 1", "step 2"], ["step 2", "step 3"])
    ['step 3']
    """
    most = min(len(before), len(now))
    known = next(n for n in range(most, -1, -1) if before[len(before) - n :] == now[:n])
    return now[known:]


def moved(before: Sequence[Row], after: Sequence[Row], team: str) -> str:
    """Where a team is on the board, and where it came from."""
    now, was = _row(after, team), _row(before, team)
    if now is None:
        return "Not on the board."
    ranked = sum(row.kind is TeamKind.STUDENT for row in after)
    places = was.rank - now.rank if was else 0
    change = f"{'↑' if places > 0 else '↓'}{abs(places)}" if places else "as before" if was else "new"
    return f"#{now.rank} of {ranked:,} on the board, {change}."


def _row(rows: Sequence[Row], team: str) -> Row | None:
    return next((row for row in rows if row.team == team and row.rank), None)
