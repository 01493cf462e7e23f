"""The course folder: its configuration, its secret seed, and the data prepared from it.

course.toml   settings, for an instructor to edit
seed          256 random bits, in hexadecimal; whoever has them can recompute every held-out item
ledger.db     teams, submissions, judgings (another URL may be set in course.toml)
archives/     what was received, by SHA-256
.gitignore    of everything: a course belongs in no repository that others read
data/<slug>/  public.npz · heldout.npz · manifest.json (their checksums); a second version: data/<slug>@2/
"""

import json
import re
import secrets
import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from grader.errors import HeldoutError, UnknownAssignment
from grader.settings import FORMAT as FORMAT
from grader.settings import Config as Config
from grader.settings import Settings as Settings
from grader.settings import settled
from grader.spec import Assignment

CONFIG = "course.toml"
SEED_BITS = 256  # numpy mixes them into 128, too many to be tried; courses of old have 64


@dataclass(frozen=True)
class Course:
    folder: Path
    config: Config

    @property
    def archives(self) -> Path:
        return self.folder / "archives"

    @property
    def database(self) -> str:
        return self.config.database or f"sqlite:///{self.folder / 'ledger.db'}"

    @property
    def seed(self) -> int:
        return int((self.folder / "seed").read_text(), 16)

    def settle(self, assignment: Assignment) -> Assignment:
        """The assignment under this course's settings. Raises HeldoutError when it is not in the course."""
        settings = self.config.assignments.get(assignment.slug)
        if settings is None:
            raise UnknownAssignment(
                f"this course has no assignment {assignment.slug!r}",
                where=str(self.folder / CONFIG),
                expected=f"one of: {', '.join(self.config.assignments)}",
                next_step=f"add it: heldout course init {self.folder} --assignment {assignment.slug}",
            )
        return settled(assignment, settings)

    def data(self, slug: str, version: int = 1) -> Path:
        """Later versions lie beside the first: what was judged on one can be judged on it again."""
        return self.folder / "data" / (slug if version == 1 else f"{slug}@{version}")


def init(folder: Path, config: Config) -> Course:
    """Make a course folder (mode 0700) with a fresh secret seed. Relative paths are the current folder's.

    Raises HeldoutError when the folder holds other files.
    """
    if folder.exists() and any(folder.iterdir()):
        raise HeldoutError(
            f"{folder} is not empty and is no course",
            expected="a new or an empty folder",
            next_step="name another folder",
        )
    config = _anchored(config, Path.cwd())
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    (folder / ".gitignore").write_text("# The seed, the held-out data and the grades are nobody else's.\n*\n")
    (folder / "archives").mkdir()
    (folder / "data").mkdir()
    (folder / "seed").write_text(f"{secrets.randbits(SEED_BITS):064x}\n")
    (folder / "seed").chmod(0o600)
    # Last: a folder with a configuration is a complete course.
    (folder / CONFIG).write_text(_toml(config), encoding="utf-8")
    return Course(folder.resolve(), config)


def extend(course: Course, assignments: Mapping[str, Settings]) -> Course:
    """The course with these assignments, too; nothing is written.

    Raises HeldoutError when the settings are written in a way that a table can't be appended to.
    """
    config = _parse(_extended(course, assignments), course.folder / CONFIG)
    return Course(course.folder, _anchored(config, course.folder))


def save(course: Course, assignments: Mapping[str, Settings]) -> None:
    """Append these assignments to the settings file: it keeps all that an instructor wrote."""
    path = course.folder / CONFIG
    draft = path.with_suffix(".new")
    draft.write_text(_extended(course, assignments), encoding="utf-8")
    draft.replace(path)


def with_database(text: str, url: str) -> str:
    """Settings whose database is another; without a URL it is the folder's own. All else stays as it is.

    Raises HeldoutError when the line is written in a way that can't be replaced.
    """
    head, bracket, rest = text.partition("\n[")
    line = f"database = {json.dumps(url, ensure_ascii=False)}\n" if url else ""
    head = re.sub(r"""(?m)^[ \t]*["']?database["']?[ \t]*=.*\n?""", lambda _: line, head)
    changed = head + bracket + rest
    if _parse(changed, Path(CONFIG)).database == url:
        return changed
    raise HeldoutError(
        "the course's database can't be set",
        where=CONFIG,
        expected='one line like: database = "postgresql://USER@HOST/NAME"',
        next_step="write it so in the course that was backed up, or restore without --database",
    )


def _extended(course: Course, assignments: Mapping[str, Settings]) -> str:
    text = (course.folder / CONFIG).read_text(encoding="utf-8")
    return text.rstrip("\n") + "\n" + "\n".join(_tables(assignments)) + "\n"


def open_course(folder: Path) -> Course:
    """Open a course folder. Relative paths in its settings are that folder's.

    Raises HeldoutError when there is none, it is open to others, a newer version made it, or a setting is
    wrong.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise HeldoutError(
            f"{folder} is no course folder",
            expected=f"a folder with {CONFIG} in it",
            next_step="name it with --course DIR, or make one with `heldout course init DIR`",
        )
    _check_private(folder)
    folder = folder.resolve()
    return Course(folder, _anchored(_read_config(path), folder))


def _check_private(folder: Path) -> None:
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        raise HeldoutError(
            "the course folder is open to other users of this machine",
            where=f"{folder} (mode {mode:04o})",
            expected="mode 0700: it holds the held-out data and the grades",
            next_step=f"chmod 700 {folder}",
        )


def _read_config(path: Path) -> Config:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(path, error) from error
    return _parse(text, path)


def _parse(text: str, path: Path) -> Config:
    try:
        table = tomllib.loads(text)
        newer = int(table.get("format", FORMAT)) > FORMAT
    except (tomllib.TOMLDecodeError, TypeError, ValueError) as error:
        raise _unreadable(path, error) from error
    if newer:
        raise HeldoutError(
            f"this course was made by a newer version of heldout (format {table['format']})",
            where=str(path),
            expected=f"format {FORMAT} or older",
            next_step="upgrade heldout on this machine; nothing was changed",
        )
    try:
        return Config.model_validate(table)
    except ValidationError as error:
        raise _wrong_setting(error, path, text) from error


def _anchored(config: Config, folder: Path) -> Config:
    """The configuration with its paths absolute: relative ones are those of `folder`."""

    def anchored(data: Path | None) -> Path | None:
        return data and folder / data

    assignments = {
        slug: settings.model_copy(update={"data": anchored(settings.data)})
        for slug, settings in config.assignments.items()
    }
    return config.model_copy(update={"data": anchored(config.data), "assignments": assignments})


def _unreadable(path: Path, error: Exception) -> HeldoutError:
    return HeldoutError("the course's settings can't be read", where=f"{path}: {error}")


def _wrong_setting(error: ValidationError, path: Path, text: str) -> HeldoutError:
    first = error.errors()[0]
    keys = [str(key) for key in first["loc"]]
    if first["type"] == "contradiction":
        keys += str(first["ctx"]["key"]).split(".", 1)  # a username may have dots of its own
    line = _line_of(keys, text)
    return HeldoutError(
        f"setting {'.'.join(keys)}: {first['msg'][:1].lower()}{first['msg'][1:]}",
        where=f"{path}, line {line}" if line else str(path),
        expected="a time with its zone, 2026-11-21T18:00:00Z say"
        if first["type"].startswith(("timezone", "datetime"))
        else "rules that don't contradict each other"
        if first["type"] == "contradiction"
        else "the settings that the README lists",
        next_step="correct that line",
    )


def _line_of(keys: Sequence[str], text: str) -> int:
    """Where a setting stands in a TOML text, from 1 on, or what it lies in: its table, written in a line or
    below a header; 0 where neither does. tomllib keeps no lines.
    """
    header: list[str] = []
    closest, depth = 0, 0
    for number, line in enumerate(text.splitlines(), start=1):
        if table := re.fullmatch(r"\s*\[([^\[\]]+)\]\s*(#.*)?", line):
            header = path = _dotted(table[1])
        else:
            path = header + _dotted(line.split("=")[0]) if "=" in line else []
        if path[: len(keys)] == list(keys):
            return number
        if len(path) > depth and path == list(keys[: len(path)]):
            closest, depth = number, len(path)
    return closest


def _dotted(key: str) -> list[str]:
    parts = re.findall(r"""\s*("[^"]*"|'[^']*'|[^."']+)\s*(?:\.|$)""", key)
    return [part.strip().strip("\"'") for part in parts]


def _toml(config: Config) -> str:
    """The configuration as TOML. JSON's strings, unless escaped to ASCII, and its numbers are TOML's too."""
    lines = [f"format = {config.format}", f"title = {json.dumps(config.title, ensure_ascii=False)}"]
    lines += [f"data = {json.dumps(str(config.data), ensure_ascii=False)}"] if config.data else []
    return "\n".join([*lines, *_tables(config.assignments)]) + "\n"


def _tables(assignments: Mapping[str, Settings]) -> list[str]:
    lines: list[str] = []
    for slug, settings in assignments.items():
        lines += ["", f"[assignments.{slug}]"]
        lines += [
            f"{name} = {json.dumps(value, ensure_ascii=False)}"
            for name, value in settings.model_dump(mode="json", exclude={"rules"}, exclude_none=True).items()
        ]
    return lines
