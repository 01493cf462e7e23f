"""The web process sees what it needs and no more, by bubblewrap: not the seed, not the held-out answers.

Started by root it also becomes a user who may write the ledger and the archives, and read no secret.
"""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from grader.course import Course
from grader.errors import HeldoutError

NOBODY_ELSE = 61_117  # a uid for a course that root holds; below systemd's own, above people's
ACCOUNT = "heldout"  # or this account's, where the operator has made it
HOME = Path(__file__).resolve().parents[1]
SYSTEM = ("/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64")
SOCKETS = ("/run/postgresql", "/var/run/postgresql")  # where a local PostgreSQL listens


@dataclass(frozen=True)
class Identity:
    """Who the web process is to be; None: whoever starts it."""

    uid: int | None = None
    gid: int | None = None


def identity(course: Course, user: str = "") -> Identity:
    """For root: the user named, the folder's owner, the account `heldout`, or a uid that is nobody's.

    Raises HeldoutError for a user who is not there, or root.
    """
    if os.geteuid() != 0:
        if user:
            raise HeldoutError("only root can serve as another user", next_step="leave --user out")
        return Identity()
    found = _account(user) if user else _owner(course) or _try(ACCOUNT) or Identity(NOBODY_ELSE, NOBODY_ELSE)
    if found.uid == 0:
        raise HeldoutError(
            "the web process can't be root", expected="an unprivileged user", next_step="--user"
        )
    return found


def _owner(course: Course) -> Identity | None:
    owner = course.folder.stat()
    return Identity(owner.st_uid, owner.st_gid) if owner.st_uid else None


def _account(name: str) -> Identity:
    if (found := _try(name)) is not None:
        return found
    raise HeldoutError(f"there is no user {name!r}", next_step=f"adduser --system --group {name}")


def _try(name: str) -> Identity | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Identity(entry.pw_uid, entry.pw_gid)


def hand_over(course: Course, to: Identity) -> None:
    """Root gives the course to the web process's user, but for what nobody else may read."""
    if to.uid is None or to.gid is None:
        return
    for path in _given(course):
        os.chown(path, to.uid, to.gid, follow_symlinks=False)
    for path in _read(course):
        _open_to_group(path, to.gid)
    for path in secrets_of(course):
        os.chown(path, 0, 0, follow_symlinks=False)
        path.chmod(0o600)


def _given(course: Course) -> Iterator[Path]:
    folder = course.folder
    yield folder
    yield from folder.glob("ledger.db*")
    for name in ("archives", "arriving", "kits"):
        if (folder / name).is_dir():
            yield folder / name
            yield from (folder / name).rglob("*")


def _read(course: Course) -> list[Path]:
    """What stays root's, and is only read: settings, public data, notebooks as they are handed out."""
    found = [path for folder in _only_read(course) for path in (folder, *folder.rglob("*"))]
    secret = set(secrets_of(course))
    return [course.folder / "course.toml", *(path for path in sorted(found) if path not in secret)]


def _only_read(course: Course) -> list[Path]:
    folders = [course.folder / name for name in ("data", "notebooks")]
    return [folder for folder in folders if folder.is_dir()]


def _open_to_group(path: Path, gid: int) -> None:
    """A course that was restored, or made under a closed umask, is readable by its maker alone."""
    if path.is_symlink():
        return
    os.chown(path, -1, gid)
    path.chmod(stat.S_IMODE(path.stat().st_mode) | (0o050 if path.is_dir() else 0o040))


def secrets_of(course: Course) -> list[Path]:
    return [course.folder / "seed", *course.folder.glob("data/*/heldout.npz")]


def command(course: Course, words: list[str]) -> list[str]:
    """How to start a Python program of ours: `words` are the interpreter's arguments.

    Raises HeldoutError where bubblewrap is missing.
    """
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise HeldoutError(
            "bubblewrap is not installed",
            expected="the program bwrap, which keeps the web process from the held-out answers",
            next_step="apt install bubblewrap",
        )
    shown = [*_sources(), *_course(course), *_database(course)]
    view = [*_system(), *_parents(shown), *shown]
    namespaces = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    powers = ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if os.geteuid() == 0 else []
    ends = ["--die-with-parent", "--new-session", "--chdir", str(HOME)]
    return [bwrap, *view, *namespaces, *powers, *ends, "--", sys.executable, *words]


def works(course: Course) -> bool:
    """Whether this machine lets us: where user namespaces are refused it does not."""
    try:
        probe = subprocess.run(
            command(course, ["-c", "pass"]), capture_output=True, timeout=60, stdin=subprocess.DEVNULL
        )
    except (HeldoutError, OSError, subprocess.SubprocessError):
        return False
    return probe.returncode == 0


def _system() -> list[str]:
    words = []
    for path in SYSTEM:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    return [*words, "--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]  # noqa: S108


def _parents(words: Sequence[str]) -> list[str]:
    """The folders above what is bound, open to walk through: bubblewrap makes them its own alone."""
    places = [Path(word) for word in words if word.startswith("/") and not word.startswith("/dev/")]
    above = sorted({parent for place in places for parent in place.parents if parent != Path("/")})
    outside = [path for path in map(str, above) if not path.startswith("/usr") and path != "/tmp"]  # noqa: S108
    return [word for path in outside for word in ("--perms", "0755", "--dir", path)]


def _sources() -> list[str]:
    """The interpreter, its packages, and ourselves."""
    paths = {str(HOME), sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib")}
    outside = [path for path in sorted(paths) if path != "/usr" and not path.startswith("/usr/")]
    return [word for path in outside for word in ("--ro-bind", path, path)]


def _course(course: Course) -> list[str]:
    """All of it but the secrets. A mount can't be renamed: what is hidden stays where it is hidden."""
    words = ["--bind", str(course.folder), str(course.folder)]
    for folder in _only_read(course):
        words += ["--ro-bind", str(folder), str(folder)]
    for path in secrets_of(course):
        words += ["--ro-bind", "/dev/null", str(path)]
    return words


def _database(course: Course) -> list[str]:
    """What a database elsewhere is reached by: an SQLite file's folder, a PostgreSQL's socket."""
    url = make_url(course.database)
    if url.get_backend_name() == "sqlite":
        folder = Path(url.database or "").resolve().parent
        return [] if folder == course.folder else ["--bind", str(folder), str(folder)]
    host = url.query.get("host", "")
    folders = [host] if isinstance(host, str) and host.startswith("/") else []
    found = [path for path in (*SOCKETS, *folders) if os.path.isdir(path)]
    return [word for path in dict.fromkeys(found) for word in ("--ro-bind", path, path)]
