"""A small course with a class in it, really served: what its operator and students at terminals do."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fcntl import LOCK_EX, flock
from io import BytesIO
from pathlib import Path
from shutil import copytree

import httpx
from click.testing import CliRunner
from PIL import Image

import cli
from grader.notebook.executed import Shown, pack
from grader.outline import Estimate, RunKind
from grader.report import CellResult, CellState, Report, Verdict
from grader.sandbox import Output
from leaderboard.store import Store
from tests.server.test_serve import ENVIRONMENT, HOME, Run, heldout, processes, status, until, words_of

STUDENTS = (
    "Ada Lovelace",
    "Brook Taylor",
    "Carl Gauss",
    "Dorothy Vaughan",
    "Emmy Noether",
    "Florence Nightingale",
)
STAFF = (("Ines", "instructor"), ("Omar", "observer"))
SANITY = HOME / "assignments" / "denoising" / "sanity"
TRAINED = HOME / "assignments" / "rnn" / "sanity" / "trained_by_the_grader"
SETTINGS = """format = 1
title = "Deep Learning"

[assignments.denoising]
items = 64
{denoising}

[assignments.rnn]
items = {items}
{rnn}
"""
OPEN = f"rules = {{ daily = 40, pending = 5, deadline = {datetime.now(UTC) + timedelta(days=40):%FT%TZ} }}"


@dataclass(frozen=True)
class Served:
    """A course and the address at which it answers."""

    course: Path
    address: str
    log: Path  # of the server
    process: int = 0

    def run(self, *words: object) -> str:
        """What the operator types on the course's machine; what it printed. Faster than by a process."""
        arguments = [*map(str, words), "--course", str(self.course)]
        ran = CliRunner().invoke(cli.heldout, arguments, env={"NO_COLOR": "1", "COLUMNS": "120"})
        assert ran.exit_code == 0, f"{ran.output}{ran.exception}"
        return ran.stdout

    def token(self, username: str, hours: float = 1.0) -> str:
        """A new one, good once."""
        told = self.run("token", "reset", username, "--hours", hours, "--format", "json")
        return str(json.loads(told)[0]["token"])

    def hand_in(self, team: str, slug: str, folder: Path, *words: str) -> int:
        """A submission of the course folder's own way; its number."""
        self.run("submit", slug, "-f", folder, "-m", folder.name, "--team", team, *words)
        listed = self.run("submissions", slug, "--team", team, "--format", "json")
        return int(json.loads(listed)[0]["ref"])

    def wait_for(self, ref: int, status: str) -> None:
        until(lambda: json.loads(self.run("show", ref, "--format", "json"))["status"] == status)

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """The grader stands still: what is handed in stays in the queue."""
        grader = next(one for one in processes() if self._grades(one))
        os.kill(grader, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(grader, signal.SIGCONT)

    def _grades(self, number: int) -> bool:
        parent = status(number).get("PPid")
        return parent == str(self.process) and "grade" in words_of(number)

    def settle(self, rnn: str = OPEN, items: int = 64, denoising: str = OPEN) -> None:
        """Write other settings into course.toml, which the server hears of."""
        told = SETTINGS.format(denoising=denoising, rnn=rnn, items=items)
        (self.course / "course.toml").write_text(told)


class Terminal:
    """A student's own: the client, its configuration in a folder of its own."""

    def __init__(self, served: Served, config: Path) -> None:
        self._served = served
        self._own = {"XDG_CONFIG_HOME": str(config), "HELDOUT_COURSE": "", "HELDOUT_SERVER": ""}

    def run(self, *words: object) -> str:
        return done(heldout(*words, **self._own))

    def log_in(self, token: str) -> None:
        self.run("login", self._served.address, "--token", token)

    def submit(self, slug: str, folder: Path, *words: object) -> int:
        """The number on the receipt."""
        sent = self.run("submit", slug, "-f", folder, "-m", folder.name, "-q", *words)
        return int(sent.partition("received as #")[2].split()[0].rstrip(":,."))


def done(ran: Run) -> str:
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def make_course(shared: Path) -> Path:
    """Baselines stand on one board, entries of both kinds on the other; made once for all test workers."""
    shared.mkdir(exist_ok=True)
    open_to_all(shared)
    course = shared / "course"
    with (shared / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not (shared / "made").exists():
            _make(course)
            (shared / "made").touch()
    return course


def _make(course: Path) -> None:
    done(heldout("course", "init", course, "--items", 64, "--assignment", "denoising", "--assignment", "rnn"))
    made = Served(course, "", course)
    made.settle()
    roster = course.parent / "roster.csv"
    lines = [f"{name},{name.split()[0].lower()}@example.org" for name in STUDENTS]
    roster.write_text("\n".join(["name,email", *lines]))
    made.run("roster", "import", roster)
    for name, role in STAFF:
        made.run("roster", "staff", name, f"{name.lower()}@example.org", name.lower(), "--role", role)
    made.run("submit", "rnn", "-f", TRAINED, "-m", "pairs", "--train", "--team", "Carl Gauss")
    unigram = HOME / "baselines" / "rnn" / "unigram"
    made.run("submit", "rnn", "-f", unigram, "-m", "frequencies", "--team", "Brook Taylor")
    for name in ("honest", "constant", "wrong_shape"):
        made.run("submit", "denoising", "-f", SANITY / name, "-m", name, "--team", "Dorothy Vaughan")
    made.run("submit", "denoising", "-f", SANITY / "honest", "-m", "same", "--team", "Emmy Noether")
    # And what else is queued, one after the other: of two alike the one that is judged first counts.
    done(heldout("baselines", "denoising", "--exemplars", "--jobs", "1", "--course", course))
    for team in ("Brook Taylor", "Florence Nightingale"):
        add_notebook(course, team)


def add_notebook(course: Path, team: str) -> None:
    """One that was graded, as if it had been handed in: running one takes minutes."""
    with Store.open(f"sqlite:///{course / 'ledger.db'}", actor="grader") as store:
        ref = store.receive(
            team,
            "denoising",
            sha256=hashlib.sha256(team.encode()).hexdigest(),
            size=10_000,
            file_name="notebook.ipynb",
            description="",
            run_kind=RunKind.NOTEBOOK,
        ).ref
        job = store.claim("grader", 60.0)
        assert job is not None
        assert job.ref == ref
        assert store.record(job, _graded(team))


def _graded(team: str) -> Report:
    """A test whose hidden part fails, and an answer that is yet to be read."""
    drawn, said = BytesIO(), Output("error", "text/plain", b"ValueError: no")
    Image.new("L", (320, 80), 200).save(drawn, "PNG")
    cells = [
        Shown("", "plain", False, "# Notes\n\n$y = x + \\sigma n$\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
        Shown(
            "add-noise",
            "solution",
            True,
            "x = 1  # " + "long " * 60,
            (Output("shown", "image/png", drawn.getvalue()),),
        ),
        Shown("test_add_noise", "test", True, "assert x"),
        Shown("", "plain", True, "raise ValueError('no')", (said,)),
        Shown("answer-averages", "answer", False, "The mean of the PSNRs, by *Jensen*."),
    ]
    results = (
        CellResult("test_add_noise", CellState.FAILED_HIDDEN, 2.0, 0.0, 2.0, "a hidden test fails"),
        CellResult("answer-averages", CellState.MANUAL, 3.0),
    )
    got = {"points": Estimate(2.0, 0.0)}
    return Report(Verdict.SCORED, 0, public=got, private=got, cells=results, notebook=pack(cells))


def open_to_all(folder: Path) -> None:
    """The folder and pytest's own above it, closed as a rule to whoever answers."""
    for one in (folder, *folder.parents):
        if one.stat().st_uid == os.geteuid() and one.stat().st_mode & 0o777 == 0o700:
            one.chmod(0o755)


def copy_course(made: Path, folder: Path) -> Path:
    open_to_all(folder)
    return Path(copytree(made, folder / "course"))


@contextmanager
def serving(course: Path, *words: str) -> Iterator[Served]:
    """`heldout serve` at any port, its log in a file: a pipe that nobody reads would stop it."""
    command = [sys.executable, "-m", "cli", "serve", "--port", "0", "--course", str(course), *words]
    path = course.parent / "serve.log"
    with path.open("w") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=ENVIRONMENT, cwd=HOME
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert "http://" in line, path.read_text()
            address = next(word for word in line.split() if "://" in word)
            until(lambda: _answers(address))
            yield Served(course, address, path, process.pid)
        finally:
            process.terminate()
            process.communicate(timeout=90)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
