"""Options that several verbs share, and how a desk, a course and a sandbox are found from them."""

import getpass
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.errors import HeldoutError

if TYPE_CHECKING:
    from desk.credentials import Credentials, Login
    from desk.desk import StaffDesk
    from desk.remote import RemoteDesk
    from grader.course import Course
    from grader.current import CurrentCourse
    from grader.outline import RunKind
    from leaderboard.store import Store

Verb = Callable[..., Any]
FOLDER = click.Path(path_type=Path, file_okay=False)
MARKER = ".heldout"  # in a folder made by `start`: the assignment's slug, then a course folder or a server
COURSE = "course.toml"  # as `grader.course` calls it, which a student's laptop can't import
WHERE = "--course DIR, the variable HELDOUT_COURSE, or a current folder inside a course"


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
        if not 1970 < found.year < 2200:  # as over HTTP: others can't be reckoned with
            self.fail(
                f"{value!r} is of another century; expected one like 2026-11-21T18:00Z", parameter, context
            )
        return found.astimezone(UTC)


def course_option(verb: Verb) -> Verb:
    return click.option(
        "--course",
        "folder",
        type=FOLDER,
        envvar="HELDOUT_COURSE",
        help="The course folder. Default: the one that the current folder lies in, or was started from.",
    )(verb)


def desk_option(verb: Verb) -> Verb:
    """For verbs that ask a server as well."""
    return click.option(
        "--course",
        "folder",
        type=FOLDER,
        envvar="HELDOUT_COURSE",
        help="The course folder. Default: the course that the current folder lies in, or was started from; "
        "else the server that you are logged in to.",
    )(verb)


def team_option(verb: Verb) -> Verb:
    return click.option(
        "--team",
        envvar="HELDOUT_TEAM",
        help="Whose submission it is. Default: your team's; in a course folder its only team's.",
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
    from grader.outline import RunKind

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


# ---------------------------------------------------------------- whom to ask


def open_desk(folder: Path | None, *, near: Path | None = None) -> "StaffDesk":
    """Whom to ask: the course folder named; else the server that HELDOUT_SERVER names; else the course that
    `near` or the current folder lies in or was started from, a folder or a server; else the current server.

    Raises HeldoutError where there is none of these, or nothing that lets one in.
    """
    from desk.credentials import SERVER, choose

    found = folder or (None if os.environ.get(SERVER) else _around(near))
    if isinstance(found, Path):
        return _local(found)
    if (login := choose(credentials().stored(), os.environ, found)) is not None:
        return _remote(login)
    raise HeldoutError(
        f"{Path.cwd()} lies in no course folder, and you are logged in to no server",
        expected=f"a server; or {WHERE}",
        next_step="`heldout login URL`; for a course of your own `heldout course init DIR`",
    )


def locate(folder: Path | None, *, near: Path | None = None) -> "Course":
    """Open the course named, or the one that `near` or the current folder lies in or was started from."""
    from desk.credentials import choose
    from grader.course import open_course

    found = folder or _around(near)
    if isinstance(found, Path):
        return open_course(found)
    with suppress(HeldoutError):
        login = choose(credentials().stored(), os.environ)
        found = found or (login.url if login else None)
    raise HeldoutError(
        f"this needs the course folder itself; known is only the server {found}"
        if found
        else f"{Path.cwd()} lies in no course folder",
        expected=WHERE,
        next_step="run this on the machine that has the course folder"
        if found
        else "name the course, or make one with `heldout course init DIR`",
    )


def credentials() -> "Credentials":
    """Of this user."""
    from desk.credentials import Credentials

    home = os.environ.get("XDG_CONFIG_HOME")
    folder = Path(home, "heldout") if home else Path(click.get_app_dir("heldout"))
    return Credentials(folder / "credentials.json")


def say(line: str) -> None:
    """To whoever waits: standard output is for what was asked."""
    click.echo(line, err=True)


def current_server() -> "RemoteDesk":
    """For verbs that only a server has. Raises HeldoutError where none is known."""
    from desk.credentials import choose

    if (login := choose(credentials().stored(), os.environ)) is not None:
        return _remote(login)
    raise HeldoutError("you are logged in to no server", next_step="heldout login URL")


def _local(folder: Path) -> "StaffDesk":
    from desk.local import LocalDesk
    from grader.course import open_course
    from grader.current import CurrentCourse

    current = CurrentCourse(open_course(folder))
    return LocalDesk(current, _open_ledger(current))


def _remote(login: "Login") -> "RemoteDesk":
    from desk.remote import RemoteDesk

    desk = RemoteDesk(_renewed(login), said=say)
    if (context := click.get_current_context(silent=True)) is not None:
        context.call_on_close(desk.close)
    return desk


def _renewed(login: "Login") -> "Login":
    """With a fresh token when half of the old one's life is over; where that fails the old one will do."""
    from desk.remote import RemoteDesk

    if not login.is_stale(datetime.now(UTC)):
        return login
    with suppress(HeldoutError), RemoteDesk(login) as desk:
        return credentials().renew(login, desk.rotate())
    return login


def _around(near: Path | None) -> Path | str | None:
    """The course that `near` or the current folder lies in or was started from: a folder, or a URL."""
    folders = [*_upwards(near.resolve())] if near is not None else []
    for candidate in [*folders, *_upwards(Path.cwd())]:
        if (candidate / COURSE).is_file():
            return candidate
        if (candidate / MARKER).is_file():
            course = read_marker(candidate)[1]
            return course if "://" in course else Path(course)
    return None


def _upwards(folder: Path) -> tuple[Path, ...]:
    return (folder, *folder.parents)


def started_folder(source: Path) -> Path | None:
    """The folder made by `start` that `source` is, or lies in."""
    return next((folder for folder in _upwards(source.resolve()) if (folder / MARKER).is_file()), None)


def started_for(source: Path) -> str | None:
    """The assignment that folder is for."""
    folder = started_folder(source)
    return read_marker(folder)[0] if folder else None


def read_marker(folder: Path) -> tuple[str, str]:
    """The assignment's slug and the course, a folder or a URL, that `start` wrote into `folder`."""
    slug, course = (folder / MARKER).read_text(encoding="utf-8").split("\n")[:2]
    return slug, course


# ---------------------------------------------------------------- the ledger


def open_store(course: "Course") -> "Store":
    from grader.current import CurrentCourse

    return _open_ledger(CurrentCourse(course))


def _open_ledger(current: "CurrentCourse") -> "Store":
    from leaderboard.store import Store

    return Store.open(current().database, assignments=current.assignment, actor=getpass.getuser())
