"""The real process, killed in the middle of an upload; and on a disk that fills."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from desk.wire import OFFSET, PREFIX
from server.arrivals import LEFT
from tests.server.test_serve import ENVIRONMENT, HOME, HONEST, Served, alive, heldout, serving, until
from tests.server.world import Made

pytestmark = pytest.mark.thorough

ROOM = LEFT + (3 << 20)  # bytes that are left on the small disk


@pytest.fixture
def folder(empty: Made, tmp_path: Path) -> Path:
    """A course of its own, in a place that whoever answers may walk to."""
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    return Path(shutil.copytree(empty.folder, tmp_path / "course"))


def logged_in(course: Path, address: str) -> httpx.Client:
    invited = json.loads(heldout("token", "reset", "ada", "--format", "json", "--course", course).stdout)
    client = httpx.Client(base_url=address + PREFIX, trust_env=False, timeout=30)
    token = client.post("/login", json={"token": invited[0]["token"]}).json()["token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def test_killed_in_the_middle_it_goes_on_where_it_was(folder: Path) -> None:
    data = os.urandom(400_000)
    new = {
        "slug": "denoising",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "file_name": "a.zip",
    }
    with serving(folder, "--no-grade") as served, closing(logged_in(folder, served.address)) as client:
        number = client.post("/uploads", json=new).json()["id"]
        path = f"/uploads/{number}"
        half = client.patch(path, content=data[:200_000], headers={OFFSET: "0"})
        assert half.json()["offset"] == 200_000
        with pytest.raises(httpx.HTTPError):
            client.patch(path, content=killing(served, data), headers={OFFSET: "200000"})
        until(served.answers)
        there = client.get(path).json()["offset"]
        assert 200_000 <= there < len(data)
        done = client.patch(path, content=data[there:], headers={OFFSET: str(there)}).json()
        assert done["receipt"]["sha256"] == new["sha256"]
        assert client.get(path).json() == done
    [kept] = (folder / "archives").rglob("*.zip")
    assert kept.read_bytes() == data


def killing(served: Served, data: bytes) -> Iterator[bytes]:
    yield data[200_000:300_000]
    web = served.web()
    os.kill(web, signal.SIGKILL)
    until(lambda: not alive(web))
    yield data[300_000:]


@contextmanager
def on_a_small_disk(course: Path) -> Iterator[str]:
    """The course served from a disk of its own that only the server sees; the address."""
    size = sum(path.stat().st_size for path in course.rglob("*") if path.is_file()) + ROOM
    words = [sys.executable, "-m", "cli", "serve", "--port", "0", "--no-grade", "--course", str(course)]
    script = (
        f'cp -a "$0" "$0.whole" && mount -t tmpfs -o size={size},mode=700 none "$0" '
        '&& cp -a "$0.whole/." "$0" && chmod 700 "$0" && exec "$@"'
    )
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, str(course), *words]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, cwd=HOME
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert "http://" in line, process.communicate(timeout=30)
        served = Served(course, next(word for word in line.split() if "://" in word), process)
        until(served.answers)
        yield served.address
    finally:
        process.terminate()
        process.communicate(timeout=90)


def can_mount() -> bool:
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return False
    probe = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs -o size=1m none /mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="only root can mount a small disk, in a namespace of its own")
def test_a_full_disk_is_said_to_the_student_by_the_real_client(folder: Path, tmp_path: Path) -> None:
    invited = json.loads(heldout("token", "reset", "ada", "--format", "json", "--course", folder).stdout)
    solution = tmp_path / "solution"
    shutil.copytree(HONEST, solution)
    (solution / "weights.bin").write_bytes(os.urandom(5 << 20))
    own = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HELDOUT_COURSE": "", "HELDOUT_SERVER": ""}
    with on_a_small_disk(folder) as address:
        entered = heldout("login", address, "--token", invited[0]["token"], **own)
        assert entered.returncode == 0, entered.stderr
        sent = heldout("submit", "denoising", "-f", solution, "-m", "too much", **own)
        assert sent.returncode != 0
        told = " ".join(sent.stderr.split())
        assert "disk is full" in told
        assert "no attempt was counted" in told
        assert "Traceback" not in told
        assert str(folder) not in told, "where it is on the server is the operator's to know"
        (solution / "weights.bin").unlink()
        again = heldout("submit", "denoising", "-f", solution, "-m", "small", **own)
        assert again.returncode == 0, again.stderr
        assert "received as" in again.stdout
