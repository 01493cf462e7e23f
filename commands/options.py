"""Options that several verbs share, and how a course, a team and a sandbox are found from them."""

import getpass
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.errors import HeldoutError

if TYPE_CHECKING:
    from grader.course import Course
    from grader.spec import Assignment, RunKind
    from leaderboard.store import Store

Verb = Callable[..., Any]
FOLDER = click.Path(path_type=Path, file_okay=False)
MARKER = ".heldout"  # in a folder made by `start`: the assignment's slug, then the course's folder


class Moment(click.ParamType[datetime]):
    """A time with its zone, or a date and time of UTC with a Z behind it."""

    name = "time"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> datetime:
        try:
            found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; expected one like 2026-11-21T18:00Z", parameter, context)
        if found.tzinfo is None:
            self.fail(f"{value!r} has no zone; expected one like 2026-11-21T18:00Z", parameter, context)
        return found.astimezone(UTC)


def course_option(verb: Verb) -> Verb:
    return click.option(
        "--course",
        "folder",
        type=FOLDER,
        envvar="HELDOUT_COURSE",
        help="The course folder. Default: the one that the current folder lies in, or was started from.",
    )(verb)


def team_option(verb: Verb) -> Verb:
    return click.option(
        "--team",
        envvar="HELDOUT_TEAM",
        help="Whose submission it is. Default: the course's only team.",
    )(verb)


def format_option(verb: Verb) -> Verb:
    verb = click.option("-v", "--csv", "style", flag_value="csv", help="Short for --format csv.")(verb)
    return click.option(
        "--format",
        "style",
        type=click.Choice(["table", "csv", "json"]),
        default="table",
        show_default=True,
        help="How to print it.",
    )(verb)


def train_option(text: str) -> Callable[[Verb], Verb]:
    return click.option("--train", is_flag=True, help=text)


def run_kind(train: bool) -> "RunKind":
    from grader.spec import RunKind

    return RunKind.TRAIN if train else RunKind.EVALUATE


def sandbox_option(verb: Verb) -> Verb:
    return click.option(
        "--sandbox",
        "sandbox_name",
        type=click.Choice(["auto", "zygote", "cold", "none"]),
        default="auto",
        show_default=True,
        help="How to confine students' code; `none` is for development and marks the results.",
    )(verb)


def locate(folder: Path | None, *, near: Path | None = None) -> "Course":
    """Open the course named, or the one that `near` or the current folder lies in or was started from."""
    from grader.course import CONFIG, open_course

    if folder is not None:
        return open_course(folder)
    here = Path.cwd()
    folders = [*_upwards(near.resolve())] if near is not None else []
    for candidate in [*folders, *_upwards(here)]:
        if (candidate / CONFIG).is_file():
            return open_course(candidate)
        if (candidate / MARKER).is_file():
            return open_course(Path(read_marker(candidate)[1]))
    raise HeldoutError(
        f"{here} lies in no course folder",
        expected="--course DIR, the variable HELDOUT_COURSE, or a current folder inside a course",
        next_step="name the course, or make one with `heldout course init DIR`",
    )


def _upwards(folder: Path) -> tuple[Path, ...]:
    return (folder, *folder.parents)


def started_for(source: Path) -> str | None:
    """The assignment whose folder `source` is, or lies in; None where `start` made none."""
    marked = [folder for folder in _upwards(source.resolve()) if (folder / MARKER).is_file()]
    return read_marker(marked[0])[0] if marked else None


def read_marker(folder: Path) -> tuple[str, str]:
    """The assignment's slug and the course's folder that `start` wrote into `folder`."""
    slug, course = (folder / MARKER).read_text(encoding="utf-8").split("\n")[:2]
    return slug, course


def _under_todays_settings(course: "Course") -> Callable[[str], "Assignment"]:
    """Who grades for days hears of a rule that was changed; a file that is being edited waits its turn."""
    from grader import catalogue
    from grader.course import CONFIG, open_course

    path, read, known = course.folder / CONFIG, 0, course
    found: dict[str, Assignment] = {}

    def find(slug: str) -> "Assignment":
        nonlocal read, known
        with suppress(OSError, HeldoutError):
            if (changed := path.stat().st_mtime_ns) != read:
                read, known = changed, open_course(course.folder)
                found.clear()
        if slug not in found:
            found[slug] = known.settle(catalogue.find(slug))
        return found[slug]

    return find


def open_store(course: "Course") -> "Store":
    from leaderboard.store import Store

    return Store.open(
        course.database,
        assignments=_under_todays_settings(course),
        actor=getpass.getuser(),
    )


def team_or_none(store: "Store", team: str | None) -> str | None:
    """The team named, or the only one on the roster, or none of several."""
    names = _students(store)
    return team or (names[0] if len(names) == 1 else None)


def _students(store: "Store") -> list[str]:
    from leaderboard.records import TeamKind

    return [known.name for known in store.teams() if known.kind is TeamKind.STUDENT]


def team_or_only(store: "Store", team: str | None) -> str:
    """The team named, or the only one on the roster. Raises HeldoutError when that leaves a choice."""
    if (found := team_or_none(store, team)) is not None:
        return found
    names = _students(store)
    raise HeldoutError(
        "whose submission is it?",
        expected=f"one of the {len(names)} teams of the course"
        if names
        else "a team; the course has none yet",
        next_step="add --team NAME, or set HELDOUT_TEAM" if names else "heldout roster import FILE",
    )
