"""300 students hand in 5 MB each within a minute and look at the board, while submissions are graded."""

import asyncio
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from benchmarks.class_of import SLUG, Pupil, archive, make
from benchmarks.record import Row, at_most
from desk.wire import CHUNK, OFFSET, PREFIX
from grader.course import Course
from leaderboard.store import Store

STUDENTS = 300
SPAN = 60.0  # seconds within which they all come
WAVES = 2  # the second one shows whether memory grows
COOKIE = "heldout_session"
BOARD, STATIC = f"/assignments/{SLUG}/board/", "/static/style.css"
HOME = Path(__file__).resolve().parents[1]


@dataclass
class Seen:
    """Seconds, by what was done; and what went wrong."""

    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    board: list[float] = field(default_factory=list)
    static: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    receipts: dict[str, int] = field(default_factory=dict)  # SHA-256 → number


def measure() -> list[Row]:
    seen, memory = Seen(), []
    with tempfile.TemporaryDirectory(prefix="heldout-bench-", dir=HOME) as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - who answers is not who we are
        course, pupils = make(Path(folder) / "course", STUDENTS)
        with _bare(Path(folder)) as bare, _serving(course) as (ours, process):
            asyncio.run(_wave(pupils[:10], ours, bare, Seen(), wave=9, span=5.0))  # warm
            memory.append(_resident(process))
            for wave in range(WAVES):
                asyncio.run(_wave(pupils, ours, bare, seen, wave=wave, span=SPAN))
                memory.append(_resident(process))
        lost, graded = _lost(course, seen)
    return _rows(seen, memory, lost, graded)


def _rows(seen: Seen, memory: Sequence[int], lost: int, graded: int) -> list[Row]:
    ours, bare, board, static = (p95(each) for each in (seen.ours, seen.bare, seen.board, seen.static))
    for error in seen.errors[:5]:
        print(error, file=sys.stderr)
    return [
        Row("receipt of 5 MB, p95", 1e3 * ours, "ms"),
        Row("bare endpoint that only fsyncs it, p95", 1e3 * bare, "ms"),
        at_most("receipt against the bare endpoint, p95", ours / bare, "×", 3.0),
        Row("board's page of 300 teams, p95", 1e3 * board, "ms"),
        Row("static file of the same server, p95", 1e3 * static, "ms"),
        at_most("board against the static file, p95", board / static, "×", 10.0),
        at_most("requests that failed", len(seen.errors), "", 0),
        at_most("submissions lost", lost, "", 0),
        Row("submissions received", len(seen.receipts), ""),
        Row("submissions graded meanwhile", graded, ""),
        Row("memory of the web process, before", memory[0] / 1e6, "MB"),
        Row("memory after the first wave", memory[1] / 1e6, "MB"),
        at_most("memory after the second against the first", memory[-1] / memory[1], "×", 1.1),
    ]


def p95(values: Sequence[float]) -> float:
    return float(np.percentile(values, 95))


# ---------------------------------------------------------------- students


async def _wave(pupils: Sequence[Pupil], ours: str, bare: str, seen: Seen, *, wave: int, span: float) -> None:
    rng = random.Random(wave)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        comings = [
            _student(
                client, pupil, (ours, bare), seen, number=1000 * (wave + 1) + i, after=rng.uniform(0, span)
            )
            for i, pupil in enumerate(pupils)
        ]
        await asyncio.gather(*comings)


async def _student(
    client: httpx.AsyncClient, pupil: Pupil, where: tuple[str, str], seen: Seen, *, number: int, after: float
) -> None:
    await asyncio.sleep(after)
    ours, bare = where
    headers = {"Cookie": f"{COOKIE}={pupil.session}"}
    try:
        sent = await asyncio.to_thread(archive, number)  # others' answers are not kept waiting by it
        await _look(client, ours + STATIC, headers, seen.static)
        await _look(client, ours + BOARD, headers, seen.board)
        begun = time.perf_counter()
        (await client.post(bare, content=_pieces(sent.data))).raise_for_status()
        seen.bare.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        seen.receipts[sent.sha256] = await _submit(client, ours, pupil, sent.data, sent.sha256)
        seen.ours.append(time.perf_counter() - begun)
    except (httpx.HTTPError, KeyError, TypeError) as error:
        seen.errors.append(f"{pupil.team}: {error!r}")


async def _look(client: httpx.AsyncClient, url: str, headers: dict[str, str], seconds: list[float]) -> None:
    begun = time.perf_counter()
    (await client.get(url, headers=headers)).raise_for_status()
    seconds.append(time.perf_counter() - begun)


async def _submit(client: httpx.AsyncClient, ours: str, pupil: Pupil, data: bytes, sha256: str) -> int:
    """As the command line does: announced, then in pieces."""
    headers = {"Authorization": f"Bearer {pupil.token}"}
    new = {"slug": SLUG, "size": len(data), "sha256": sha256, "file_name": "model.zip", "description": "load"}
    answer = await client.post(f"{ours}{PREFIX}/uploads", json=new, headers=headers)
    answer.raise_for_status()
    upload = answer.json()
    while upload["receipt"] is None:
        offset = upload["offset"]
        answer = await client.patch(
            f"{ours}{PREFIX}/uploads/{upload['id']}",
            content=data[offset : offset + CHUNK],
            headers=headers | {OFFSET: str(offset)},
        )
        answer.raise_for_status()
        upload = answer.json()
    return int(upload["receipt"]["ref"])


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), CHUNK):
        yield data[start : start + CHUNK]


# ---------------------------------------------------------------- processes


@contextmanager
def _serving(course: Course) -> Iterator[tuple[str, int]]:
    """The course served and graded; its address, and the number of the process that answers."""
    command = [
        sys.executable,
        "-m",
        "cli",
        "serve",
        "--port",
        "0",
        "--jobs",
        "1",
        "--course",
        str(course.folder),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=HOME, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    address = next(word for word in line.split() if word.startswith("http://"))
    try:
        _await(f"{address}/healthz")
        yield address, _answering(course)
    finally:
        process.terminate()
        process.wait(120)


@contextmanager
def _bare(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.bare", str(folder), str(port)], cwd=HOME)
    try:
        _await(f"http://127.0.0.1:{port}/", status=405)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.kill()
        process.wait()


def _await(url: str, status: int = 200) -> None:
    for _ in range(300):
        try:
            if httpx.get(url).status_code == status:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{url} doesn't answer")


def _answering(course: Course) -> int:
    """The web process's number: the one that was told this course, and is no bubblewrap."""
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            words = _words(entry.name)
            if "server.web" in words and "bwrap" not in words[0] and str(course.folder) in words[-1]:
                return int(entry.name)
    raise RuntimeError("nobody answers")


def _words(process: str) -> list[str]:
    try:
        return Path("/proc", process, "cmdline").read_text().split("\0")[:-1] or [""]
    except OSError:
        return [""]


def _resident(process: int) -> int:
    """Bytes of its own that are in memory."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no RssAnon")


def _lost(course: Course, seen: Seen) -> tuple[int, int]:
    """Receipts without a row or bytes; and how many submissions have been graded."""
    with Store.open(course.database) as store:
        listed = {one.ref: one for one in store.submissions(SLUG)}
    lost = sum(
        ref not in listed
        or listed[ref].sha256 != sha256
        or not (course.archives / sha256[:2] / f"{sha256}.zip").is_file()
        for sha256, ref in seen.receipts.items()
    )
    graded = sum(one.state.final for one in listed.values()) - STUDENTS
    return lost, graded
