"""`heldout serve` as its operator sees it: who answers, what stays of what was killed, what is refused."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

HOME = Path(__file__).resolve().parents[2]
HONEST = HOME / "assignments" / "denoising" / "sanity" / "honest"
SLOW = """import time


class Model:
    def denoise(self, images):
        return images


def load(folder, device):
    time.sleep(40)
    return Model()
"""
ENVIRONMENT = os.environ | {"NO_COLOR": "1", "COLUMNS": "120", "PYTHONPATH": str(HOME)}
GRADERS = ("status", "--graders", "--format", "json")
T = TypeVar("T")
Run = subprocess.CompletedProcess[str]


def heldout(*words: object, **variables: str) -> Run:
    command = [sys.executable, "-m", "cli", *map(str, words)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=ENVIRONMENT | variables,
        timeout=300,
        stdin=subprocess.DEVNULL,
        cwd=HOME,
    )


@dataclass(frozen=True)
class Served:
    course: Path
    address: str
    process: "subprocess.Popen[str]"

    def web(self) -> int:
        """The number of the process that answers."""
        return until(lambda: next((one for one in self.family() if "server.web" in words_of(one)), 0))

    def family(self) -> list[int]:
        """What the supervisor has started, bubblewraps aside."""
        found, seen = [self.process.pid], 0
        while seen < len(found):
            parent, seen = found[seen], seen + 1
            found += [one for one in processes() if status(one).get("PPid") == str(parent)]
        return [one for one in found[1:] if "bwrap" not in words_of(one)[:1]]

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/healthz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False


def processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def words_of(number: int) -> list[str]:
    try:
        words = Path(f"/proc/{number}/cmdline").read_text().split("\0")
    except OSError:
        return []
    return [Path(words[0]).name, *words[1:]]


def alive(number: int) -> bool:
    return status(number).get("State", "Z")[0] != "Z"


def until(look: Callable[[], T], seconds: float = 60.0) -> T:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    folder.chmod(0o755)
    for parent in folder.parents[:2]:  # pytest's own, closed to whoever answers
        parent.chmod(0o755)
    made = folder / "course"
    assert heldout("course", "init", made, "--items", 64, "--assignment", "denoising").returncode == 0
    roster = folder / "roster.csv"
    roster.write_text("name,email\nAda Lovelace,ada@example.org\n")
    for words in (
        ("roster", "import", roster),
        ("roster", "staff", "Ines", "ines@example.org", "ines", "--role", "instructor"),
    ):
        assert heldout(*words, "--course", made).returncode == 0
    return made


@pytest.fixture(scope="module")
def course(untouched: Path) -> Path:
    """Served by one or the other all the time: a copy of it would have half of a ledger."""
    return Path(shutil.copytree(untouched, untouched.with_name("served")))


@contextmanager
def serving(course: Path, *words: str) -> Iterator[Served]:
    command = [sys.executable, "-m", "cli", "serve", "--port", "0", "--course", str(course), *words]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, cwd=HOME
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert "http://" in line, process.stderr.read() if process.stderr else ""
        served = Served(course, next(word for word in line.split() if "://" in word), process)
        until(served.answers)
        yield served
    finally:
        process.terminate()
        process.communicate(timeout=90)


@pytest.fixture(scope="module")
def served(course: Path) -> Iterator[Served]:
    with serving(course, "--no-grade") as found:
        yield found


def status(number: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{number}/status").read_text().splitlines()
    except OSError:
        return {}
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def test_it_answers_within_seconds(course: Path) -> None:
    begun = time.monotonic()
    with serving(course, "--no-grade"):
        assert time.monotonic() - begun < 60  # three, on a machine that does nothing else


@pytest.mark.skipif(os.geteuid() != 0, reason="started as root alone there is something to drop")
def test_whoever_answers_is_not_root_and_cannot_become_it(served: Served) -> None:
    found = status(served.web())
    assert "0" not in found["Uid"].split()
    assert "0" not in found["Gid"].split()
    assert found["CapEff"].strip("0\t ") == ""
    assert found["CapPrm"].strip("0\t ") == ""
    assert found["Groups"].split() == []


def test_whoever_answers_sees_neither_the_seed_nor_an_answer(served: Served) -> None:
    """By its own view of the files, as whoever holds the machine sees it; then by asking as that process."""
    view = Path(f"/proc/{served.web()}/root")
    seed = served.course / "seed"
    heldout_items = served.course / "data" / "denoising" / "heldout.npz"
    for path in (seed, heldout_items):
        assert path.stat().st_size > 0
        inside = view / path.relative_to("/")
        assert inside.stat().st_size == 0
        assert not inside.is_file()
    data = view / (served.course / "data").relative_to("/")
    assert (data / "denoising" / "public.npz").is_file()
    with pytest.raises(OSError, match="Read-only"):  # nor can it be moved to where nothing is hidden
        (data / "other").mkdir()


def test_data_that_are_drawn_while_it_serves_are_hidden_too(course: Path) -> None:
    later = course / "data" / "denoising@2"
    with serving(course, "--no-grade") as found:
        before = found.web()
        try:
            shutil.copytree(course / "data" / "denoising", later)
            until(lambda: not alive(before) and found.web() != before)
            until(found.answers)
            inside = Path(f"/proc/{found.web()}/root") / (later / "heldout.npz").relative_to("/")
            assert inside.stat().st_size == 0
        finally:
            shutil.rmtree(later)


def test_a_course_that_only_root_can_read_is_served(untouched: Path, tmp_path: Path) -> None:
    """As `heldout restore` leaves it, and `course init` under the umask 077."""
    closed = tmp_path / "closed"
    shutil.copytree(untouched, closed)
    for path in [closed, *closed.rglob("*")]:
        os.chown(path, os.geteuid(), os.getegid())
        path.chmod(0o700 if path.is_dir() else 0o600)
    with serving(closed, "--no-grade") as found:
        public = Path(f"/proc/{found.web()}/root", *(closed / "data/denoising/public.npz").parts[1:])
        assert httpx.get(f"{found.address}/login/").status_code == 200
        assert public.is_file()
    mode = (closed / "data" / "denoising" / "public.npz").stat().st_mode & 0o777
    assert mode == (0o640 if os.geteuid() == 0 else 0o600)
    assert (closed / "data" / "denoising" / "heldout.npz").stat().st_mode & 0o777 == 0o600
    assert (closed / "seed").stat().st_mode & 0o777 == 0o600


def test_a_killed_web_process_is_started_again(course: Path) -> None:
    with serving(course, "--no-grade") as found:
        before = found.web()
        os.kill(before, signal.SIGKILL)
        until(lambda: not alive(before) and found.web() != before)
        until(found.answers)


@pytest.mark.thorough
def test_a_killed_supervisor_leaves_nobody_behind(course: Path) -> None:
    with serving(course) as found:
        until(lambda: any("grade" in words_of(one) for one in found.family()))
        family = found.family()
        assert len(family) >= 2
        found.process.kill()
        until(lambda: not any(alive(one) for one in family), 60)


@pytest.mark.thorough
def test_a_grader_that_is_sent_home_stays_away(course: Path) -> None:
    with serving(course) as found:
        grader = until(lambda: next((one for one in found.family() if "grade" in words_of(one)), 0))
        listed = until(lambda: json.loads(heldout(*GRADERS, "--course", course).stdout))
        sent = heldout("drain", listed[0]["holder"], "--course", course)
        assert sent.returncode == 0, sent.stderr
        until(lambda: not alive(grader))
        time.sleep(5)  # longer than a grader that fell over stays away
        assert not any("grade" in words_of(one) for one in found.family())
        assert found.answers()


@pytest.mark.thorough
def test_stopped_while_it_grades_it_gives_back_and_goes_on_later(course: Path, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(SLOW)
    with serving(course, "--jobs", "1") as found:
        sent = heldout(
            "submit", "denoising", "-f", tmp_path, "-m", "slow", "--team", "Ada Lovelace", "--course", course
        )
        assert sent.returncode == 0, sent.stderr
        until(lambda: shown(course)["status"] == "running")
        family = found.family()
        found.process.terminate()
        assert found.process.wait(90) == 0
    assert shown(course)["status"] == "queued"
    until(lambda: not any(alive(one) for one in family))
    assert heldout("withdraw", shown(course)["ref"], "--course", course).returncode == 0


def shown(course: Path) -> dict[str, str]:
    listed = heldout("submissions", "denoising", "--format", "json", "--course", course)
    found: list[dict[str, str]] = json.loads(listed.stdout)
    return found[0]


def test_a_student_logs_in_hands_in_and_is_scored(course: Path, tmp_path: Path) -> None:
    """The real client against the real server and its grader."""
    invited = heldout("token", "reset", "ada", "--format", "json", "--course", course)
    token = json.loads(invited.stdout)[0]["token"]
    own = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HELDOUT_COURSE": "", "HELDOUT_SERVER": ""}
    with serving(course, "--jobs", "1") as found:
        logged_in = heldout("login", found.address, "--token", token, **own)
        assert logged_in.returncode == 0, logged_in.stderr
        sent = heldout("submit", "denoising", "-f", HONEST, "-m", "one", "--wait", 200, **own)
        assert sent.returncode == 0, sent.stdout + sent.stderr
        assert "received as" in sent.stdout
        assert "psnr" in sent.stdout
        board = heldout("leaderboard", "denoising", "--format", "json", **own)
        assert [row["team"] for row in json.loads(board.stdout)] == ["Ada Lovelace"]


def test_without_a_sandbox_it_refuses(course: Path) -> None:
    ran = heldout("serve", "--sandbox", "none", "--course", course)
    assert ran.returncode == 1
    assert "not without a sandbox" in ran.stderr


def test_a_port_that_is_taken_is_named(course: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = heldout("serve", "--port", port, "--course", course)
    assert ran.returncode == 1
    assert f"127.0.0.1:{port}" in ran.stderr
    assert "--port" in ran.stderr


def test_its_log_is_json_lines_without_secrets(course: Path) -> None:
    with serving(course, "--no-grade") as found:
        httpx.get(f"{found.address}/login/", params={"token": "hi_nobodys_business"})
        httpx.get(f"{found.address}/api/v1/me", headers={"Authorization": "Bearer hc_nobodys_either"})
        found.process.terminate()
        _, log = found.process.communicate(timeout=60)
    lines = [json.loads(line) for line in log.splitlines()]
    assert {"/login/", "/api/v1/me"} <= {line.get("route") for line in lines}
    assert "nobodys" not in log
