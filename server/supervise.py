"""Two processes that belong together: one answers, one grades. Who falls over is started again."""

import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from grader.course import Course
from grader.errors import SENT_HOME, HeldoutError
from server import confine
from server.web import GRACE

log = logging.getLogger(__name__)
PAUSE = 2.0  # seconds before a process that fell over is started again
FALLS, WITHIN = 5, 60.0  # so many in so many seconds are no accident
LOOK = 2.0  # seconds between two looks for what is to be hidden
GRADING = 20.0  # seconds for what is being graded; then it is given back, at no cost


@dataclass(frozen=True)
class Web:
    """What the web process is told: see `web`."""

    course: str
    socket: int
    root_path: str
    proxies: str
    plain: bool
    uid: int | None
    gid: int | None


@dataclass(frozen=True)
class Settings:
    host: str = "127.0.0.1"
    port: int = 8000
    root_path: str = ""
    proxies: str = ""  # addresses of reverse proxies whose X-Forwarded headers are believed
    plain: bool = False  # a log for a person
    user: str = ""


def listen(host: str, port: int) -> socket.socket:
    """Raises HeldoutError when somebody else has the port, or it is not ours to have."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise HeldoutError(
            f"port {port} can't be used: {error.strerror}",
            where=f"{host}:{port}",
            expected="a port that is free and ours to use",
            next_step="name another with --port",
        ) from error
    found.listen(1024)
    return found


class Supervisor:
    """Starts, watches and ends both. `graders`: the command that grades; None: others do, elsewhere."""

    def __init__(
        self, course: Course, settings: Settings, listening: socket.socket, grader: Sequence[str] | None
    ) -> None:
        self._course, self._settings, self._listening = course, settings, listening
        self._grader_words = grader
        self._web: subprocess.Popen[bytes] | None = None
        self._grader: subprocess.Popen[bytes] | None = None
        self._falls: list[float] = []
        self._hidden: set[Path] = set()
        self._looked = time.monotonic()

    def run(self, until: Callable[[], bool]) -> None:
        """Until told to stop; then what is being answered and graded is brought to its end, or given back."""
        try:
            while not until():
                if self._fell(self._web):
                    self._web = self._start_web()
                elif self._must_hide_more():
                    self._end_web()
                if self._grader_words is not None and self._went_home():
                    self._grader_words = None
                if self._grader_words is not None and self._fell(self._grader):
                    self._grader = self._start_grader(self._grader_words)
                time.sleep(0.1)
        finally:
            self._stop()

    def _must_hide_more(self) -> bool:
        """Data drawn while we serve, for a regrade or another assignment, are to be hidden as well."""
        if time.monotonic() - self._looked > LOOK:
            self._looked = time.monotonic()
            return set(confine.secrets_of(self._course)) != self._hidden
        return False

    def _end_web(self) -> None:
        """What is being answered is brought to its end; who comes meanwhile waits for the next one."""
        if self._web is not None and self._web.stdin is not None:
            log.info("held-out data were drawn: the web process is started anew, without them")
            self._web.stdin.close()
            if not _wait(self._web, GRACE + 5):
                self._web.kill()
                self._web.wait()
            self._web = None

    def _fell(self, process: "subprocess.Popen[bytes] | None") -> bool:
        if process is None:
            return True
        status = process.poll()
        if status is not None:
            self._falls.append(time.monotonic())
            if len(self._falls) >= FALLS and self._falls[-1] - self._falls[-FALLS] < WITHIN:
                raise HeldoutError(
                    f"what was started ends at once, {FALLS} times now",
                    expected="a process that stays",
                    next_step="look at the lines above; `heldout doctor` looks at the sandbox",
                )
            log.error("the %s ended with %s; starting it again", self._name(process), status)
            time.sleep(PAUSE)
        return status is not None

    def _went_home(self) -> bool:
        """It was asked to stop, and did: whoever drains a grader does not want another one in its place."""
        if self._grader is None or self._grader.poll() != SENT_HOME:
            return False
        log.warning("the grader was sent home; nothing is graded here until the server is started anew")
        return True

    def _name(self, process: "subprocess.Popen[bytes]") -> str:
        return "web process" if process is self._web else "grader"

    def _start_web(self) -> "subprocess.Popen[bytes]":
        settings, number = self._settings, self._listening.fileno()
        who = confine.identity(self._course, settings.user)
        confine.hand_over(self._course, who)
        self._hidden = set(confine.secrets_of(self._course))
        told = Web(
            str(self._course.folder),
            number,
            settings.root_path,
            settings.proxies,
            settings.plain,
            who.uid,
            who.gid,
        )
        words = ["-m", "server.web", json.dumps(asdict(told))]
        return subprocess.Popen(
            self._confined(words),
            stdin=subprocess.PIPE,
            pass_fds=[number],
            cwd=confine.HOME,
            start_new_session=True,  # Ctrl-C is ours to hear
            env=_environment(),
        )

    def _confined(self, words: list[str]) -> list[str]:
        if confine.works(self._course):
            return confine.command(self._course, words)
        if os.geteuid() == 0:
            confine.command(self._course, words)  # says what is missing
            raise HeldoutError(
                "the web process can't be confined on this machine",
                expected="bubblewrap that works",
                next_step="`heldout doctor` says what is missing",
            )
        log.warning("bubblewrap doesn't work here: the web process can read what you can read")
        return [sys.executable, *words]

    def _start_grader(self, words: Sequence[str]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([*words, "--until-eof"], stdin=subprocess.PIPE, start_new_session=True)

    def _stop(self) -> None:
        for process in (self._web, self._grader):
            if process is not None and process.stdin is not None:
                process.stdin.close()
        _wait(self._web, GRACE + 5)
        if not _wait(self._grader, GRADING) and self._grader is not None:
            self._grader.terminate()  # the second time it gives back what runs
            _wait(self._grader, 10.0)
        for process in (self._web, self._grader):
            if process is not None and process.poll() is None:
                process.kill()


def _wait(process: "subprocess.Popen[bytes] | None", seconds: float) -> bool:
    if process is None:
        return True
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _environment() -> dict[str, str]:
    """Nothing of the operator's: no token, no home."""
    kept = ("PATH", "LANG", "LC_ALL", "TZ", "OPENBLAS_NUM_THREADS", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    return {name: os.environ[name] for name in kept if name in os.environ}
