"""The database goes away or the disk is full amid a course: clear words, and no hand to mend it."""

import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from leaderboard.records import TeamKind
from leaderboard.store import Store
from tests.leaderboard.audit import audit
from tests.leaderboard.conftest import Server
from tests.leaderboard.crowd import CLIENTS, Siege
from tests.leaderboard.victims import Course

pytestmark = pytest.mark.thorough

BWRAP = shutil.which("bwrap")
HOME = Path(__file__).resolve().parents[2]
SMALL = ("--size", "1500000", "--tmpfs")  # a disk of so many bytes


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGKILL], ids=["immediate", "kill"])
def test_postgresql_restarted_under_load(how: signal.Signals, postgresql: Server, tmp_path: Path) -> None:
    course = Course(postgresql(migrated=True), tmp_path)
    with course.store() as store:
        for number in range(CLIENTS):
            store.ensure_team(f"team {number}", TeamKind.STUDENT)
    siege, outages = Siege(course, random.Random(how)), 2
    with siege.clients():
        for _ in range(outages):
            time.sleep(1.0)
            before = len(siege.given)
            postgresql.stop(how)
            time.sleep(0.5)
            postgresql.start()
            siege.wait_for(before + CLIENTS)
    siege.finish()
    audit(course, siege.given)
    said = {refusal for refusal in siege.refusals if not refusal.startswith("not received: ")}
    assert said
    assert all(refusal.startswith("the course database did not answer: ") for refusal in said)


# ---------------------------------------------------------------- disks


def in_bwrap(folder: Path, mount: list[str], code: str) -> str:
    """Run code where `folder` is mounted otherwise. Skips where bwrap can't."""
    if BWRAP is None:
        pytest.skip("bwrap is not installed")
    confined = [BWRAP, "--bind", "/", "/", "--dev", "/dev", *mount, "--chdir", str(HOME)]
    if subprocess.run([*confined, "true"], capture_output=True, check=False).returncode:
        pytest.skip("bwrap can't make a sandbox here")
    ran = subprocess.run(
        [*confined, sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


FILL = """
from pathlib import Path
from grader.errors import HeldoutError
from leaderboard.records import State
from leaderboard.store import Store
from tests.leaderboard.cases import assignment, scored, send
disk = Path({disk!r})
ballast = disk / "ballast"
store = Store.create(f"sqlite:///{{disk / 'ledger.db'}}", assignments=lambda slug: assignment())
def fill(room=0):
    with open(ballast, "wb", buffering=0) as file:
        try:
            while file.write(b"x" * 512):
                pass
        except OSError:
            file.truncate(file.tell() - room)
"""


def on_a_full_disk(folder: Path, code: str) -> list[str]:
    """Run code that may `fill` the disk with `ballast`; return the lines that it prints."""
    whole = FILL.format(disk=str(folder)) + textwrap.dedent(code)
    return in_bwrap(folder, [*SMALL, str(folder)], whole).splitlines()


FULL = "the course database can't be written: the disk is full or broken"


def test_a_full_disk_is_said_and_survived(tmp_path: Path) -> None:
    code = """
        receipts = [send(store).ref for _ in range(5)]
        fill()
        try:
            while True:
                receipts.append(send(store).ref)
        except HeldoutError as error:
            print(error.what)
        ballast.unlink()
        receipts.append(send(store).ref)
        print(sorted(receipts) == sorted(one.ref for one in store.submissions("denoising")))
    """
    assert on_a_full_disk(tmp_path, code) == [FULL, "True"]


@pytest.mark.parametrize(
    ("room", "says"), [(0, "the disk is full: nothing was received"), (150_000, FULL)], ids=["bytes", "row"]
)
def test_a_receiver_on_a_full_disk_gives_no_receipt(room: int, says: str, tmp_path: Path) -> None:
    """Full before the archive is kept; full when it is, so that there is no room for its row."""
    code = f"""
        from grader.archive import Archive
        from leaderboard.receive import receive
        send(store, "Ada")
        archive = Archive(bytes(150_000 - 4096), "a.zip")
        fill({room})
        try:
            print(receive(store, disk, archive, team="Ada", assignment=assignment()))
        except HeldoutError as error:
            print(error.what)
        ballast.unlink()
        print(len(store.submissions("denoising")), [path.name for path in disk.rglob(".incoming-*")])
        receipt = receive(store, disk, archive, team="Ada", assignment=assignment())
        print(receipt.duplicate, len(store.submissions("denoising")))
    """
    assert on_a_full_disk(tmp_path, code) == [says, "1 []", "False 2"]


def test_a_recorder_on_a_full_disk_keeps_its_report(tmp_path: Path) -> None:
    """Full once the job is claimed; there is room again when it was told of twice."""
    code = """
        from concurrent.futures import ThreadPoolExecutor
        from grader import autograde
        class Recorder(Store):
            def record(self, job, report):
                try:
                    return super().record(job, report)
                except HeldoutError as error:
                    told.append(print(error.what))
                    if len(told) == 2:
                        ballast.unlink()
                    raise
        def grade_job(job):
            graded.append(job.ref)
            fill()
            return scored()
        autograde.PAUSE = autograde.POLL = 0.02
        told, graded, ref = [], [], send(store).ref
        done = lambda: store.submission(ref).state is State.SCORED
        recorder = Recorder(store._database, assignments=lambda slug: assignment())
        with ThreadPoolExecutor(1) as threads:
            lanes = [autograde.local_lane(threads, grade_job)]
            autograde.Autograder(recorder, lanes).run(watch=True, until=done)
        print(graded == [ref], store.submission(ref).attempts)
    """
    assert on_a_full_disk(tmp_path, code) == [FULL, FULL, "True 1"]


def test_a_disk_that_may_only_be_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    Store.create(url).close()
    code = f"""
        from grader.errors import HeldoutError
        from leaderboard.store import Store
        from tests.leaderboard.cases import send
        try:
            send(Store.open({url!r}))
        except HeldoutError as error:
            print(error.what)
    """
    printed = in_bwrap(tmp_path, ["--ro-bind", str(tmp_path), str(tmp_path)], code)
    assert printed == "the course database can't be written to\n"
