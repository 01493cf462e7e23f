"""A course in parts, a shelf by checksum, slots of a machine, a job's script: what needs no process."""

import dataclasses
import errno
import hashlib
import io
import os
import shutil
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from cluster import work
from cluster.addresses import parse
from cluster.machine import dump, environment, load, plan
from cluster.parts import Lacking, Missing, ShelfSupply, Stock
from cluster.shelf import Shelf
from cluster.work import Voice
from cluster.worker import Slot
from commands.cluster import worker
from grader.bench import Bench, CourseSupply
from grader.course import Course, open_course
from grader.errors import HeldoutError
from grader.outline import RunKind
from grader.report import Job, Verdict
from grader.sandbox import gpu
from grader.sandbox.unconfined import UnconfinedSandbox
from grader.task import Task
from tests.cluster import submissions
from tests.cluster.fleet import SLUG, wait

A, B = b"a" * 60, b"b" * 60


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def course(made: Path) -> Course:
    return open_course(made)


def task(supply: CourseSupply, data: bytes, run_kind: RunKind = RunKind.EVALUATE) -> Task:
    from grader.archive import Archive, keep

    packed = Archive(data, "model.zip")
    keep(packed, supply.course.archives)
    job = Job(7, "Ada", SLUG, packed.sha256, 1, "grader", datetime.now(UTC), run_kind)
    return supply.task(job)


# ---------------------------------------------------------------- the shelf


def test_a_shelf_gives_what_was_put(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    assert shelf.get(sha(A)) is None
    shelf.put(sha(A), A)
    assert shelf.get(sha(A)) == A
    assert (tmp_path / "shelf").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "shelf" / sha(A)).stat().st_mode & 0o777 == 0o600


def test_what_was_altered_is_not_given_and_goes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    shelf.put(sha(A), A)
    (tmp_path / "shelf" / sha(A)).write_bytes(B)
    assert shelf.get(sha(A)) is None
    assert not shelf.has(sha(A))


def test_what_is_not_its_checksum_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HeldoutError, match="not what was sent"):
        Shelf(tmp_path / "shelf").put(sha(A), B)
    with pytest.raises(ValueError, match="no SHA-256"):
        Shelf(tmp_path / "shelf").get("../../etc/passwd")


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", most_bytes=150)
    for data in (A, B):
        shelf.put(sha(data), data)
        time.sleep(0.02)
    shelf.get(sha(A))
    shelf.put(sha(b"c" * 60), b"c" * 60)
    assert (shelf.has(sha(A)), shelf.has(sha(B))) == (True, False)


def test_what_another_worker_writes_just_now_is_left_alone(tmp_path: Path) -> None:
    """What a worker left that died goes; room is made of neither."""
    folder = tmp_path / "shelf"
    shelf = Shelf(folder, most_bytes=100)
    arriving, left = folder / ".incoming-a", folder / ".incoming-b"
    for path in (arriving, left):
        path.write_bytes(A)
    os.utime(left, (time.time() - 7200, time.time() - 7200))
    shelf.put(sha(B), B)
    shelf.put(sha(A), A)
    assert arriving.exists()
    assert not left.exists()
    assert (shelf.has(sha(A)), shelf.has(sha(B))) == (True, False)


def test_a_folder_that_others_can_read_is_no_shelf(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(HeldoutError, match="not this user's alone"):
        Shelf(tmp_path)


# ---------------------------------------------------------------- parts


@pytest.mark.thorough
def test_a_task_is_graded_from_parts_as_from_the_course(course: Course, tmp_path: Path) -> None:
    supply, shelf = CourseSupply(course), Shelf(tmp_path / "shelf")
    stock, far = Stock(supply), ShelfSupply(shelf, tmp_path)
    asked = stock.equip(task(supply, submissions.plain(3.0)))
    assert set(asked.parts) == {"assignment.zip", "public.npz", "heldout.npz"}
    missing = far.lacking(asked)
    assert len(missing) == 3
    for sha256 in missing:
        shelf.put(sha256, stock.part(sha256))
    assert far.lacking(asked) == ()
    sandbox = UnconfinedSandbox()
    near, there = Bench(supply, sandbox).grade(asked), Bench(far, sandbox).grade(asked)
    assert near.verdict is there.verdict is Verdict.SCORED
    assert (near.public, near.private, near.data_sha256) == (there.public, there.private, there.data_sha256)


def test_no_cheats_nor_starters_are_sent(course: Course) -> None:
    supply = CourseSupply(course)
    stock = Stock(supply)
    asked = stock.equip(task(supply, submissions.plain()))
    names = zipfile.ZipFile(io.BytesIO(stock.part(asked.parts["assignment.zip"]))).namelist()
    assert f"assignments/{SLUG}/evaluate.py" in names
    assert not [name for name in names if "sanity" in name or "starter" in name]


def test_a_part_that_vanishes_is_asked_for_again(course: Course, tmp_path: Path) -> None:
    supply = CourseSupply(course)
    asked = Stock(supply).equip(task(supply, submissions.plain()))
    with pytest.raises(Lacking):
        ShelfSupply(Shelf(tmp_path / "shelf"), tmp_path).data(asked)
    assert Missing(("a",)) == Missing(("a",))


def test_code_that_was_unpacked_by_half_is_unpacked_again(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk was full, and has room again."""
    supply, shelf = CourseSupply(course), Shelf(tmp_path / "shelf")
    stock, far = Stock(supply), ShelfSupply(shelf, tmp_path)
    asked = stock.equip(task(supply, submissions.plain()))
    for sha256 in asked.parts.values():
        shelf.put(sha256, stock.part(sha256))
    extract = zipfile.ZipFile.extractall

    def half(packed: zipfile.ZipFile, folder: Path) -> None:
        packed.extract(packed.namelist()[0], folder)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "extractall", half)
    with pytest.raises(OSError, match="No space left"):
        far.assignment(asked)
    monkeypatch.setattr(zipfile.ZipFile, "extractall", extract)
    assert far.assignment(asked).slug == SLUG


def test_data_that_were_altered_are_not_sent(course: Course, tmp_path: Path) -> None:
    shutil.copytree(course.folder, tmp_path / "course")
    supply = CourseSupply(open_course(tmp_path / "course"))
    stock = Stock(supply)
    asked = stock.equip(task(supply, submissions.plain()))
    (tmp_path / "course" / "data" / SLUG / "heldout.npz").write_bytes(b"altered")
    with pytest.raises(HeldoutError, match="altered"):
        stock.part(asked.parts["heldout.npz"])


def test_a_task_names_no_team(course: Course) -> None:
    asked = task(CourseSupply(course), submissions.plain())
    assert "team" not in {field.name for field in dataclasses.fields(asked)}


@pytest.mark.parametrize(
    ("device", "run_kind", "gpu"),
    [
        ("auto", RunKind.TRAIN, False),
        ("cpu", RunKind.TRAIN, False),
        ("cuda", RunKind.TRAIN, True),
        ("cuda", RunKind.EVALUATE, False),
        ("cuda", RunKind.NOTEBOOK, False),
    ],
)
def test_what_needs_a_gpu(device: str, run_kind: RunKind, gpu: bool, course: Course) -> None:
    asked = task(CourseSupply(course, device=device), submissions.plain(), run_kind)
    assert asked.needs_gpu is gpu


# ---------------------------------------------------------------- what is told


def voice(told: list[list[object]]) -> Voice:
    return Voice(lambda topic, message: told.append(message["notes"]), "topic", "key")


def test_of_what_comes_faster_than_the_pace_the_latest_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A phase that is never twice the same, as a training's step and loss, is one message like another."""
    monkeypatch.setattr(work, "PACE", 3600.0)
    told: list[list[object]] = []
    with voice(told) as speaking:
        for step in range(10_000):
            speaking.progress(f"training, step {step}", step, 0)
            speaking.watch(f"training, step {step}", step, 0, "printed")
        assert told == []
    assert told == [[["training, step 9999", 9999, 0, None], ["training, step 9999", 9999, 0, "printed"]]]


def test_news_are_told_while_it_goes_on_and_nothing_where_there_are_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(work, "PACE", 0.01)
    told: list[list[object]] = []
    with voice(told) as speaking:
        for done in range(3):
            speaking.progress("items", done, 3)
            wait(lambda done=done: len(told) > done)  # type: ignore[misc]
    assert told == [[["items", done, 3, None]] for done in range(3)]


# ---------------------------------------------------------------- slots


def test_slots_have_a_gpu_each_or_none() -> None:
    assert plan(None, "auto", cores=2, present=[]) == [None, None]
    assert plan(1, "1,0", cores=2, present=[0, 1, 2]) == [1, 0, None]
    assert plan(0, "auto", cores=2, present=[0]) == [0]
    for slots, gpus in ((0, "none"), (1, "3"), (1, "nonsense")):
        with pytest.raises(HeldoutError):
            plan(slots, gpus, cores=2, present=[0])


def test_a_slot_sees_its_own_gpu_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert environment(1, {"A": "B"})["CUDA_VISIBLE_DEVICES"] == "1"
    assert environment(None, {"CUDA_VISIBLE_DEVICES": "0,1"})["CUDA_VISIBLE_DEVICES"] == ""
    for name in ("nvidiactl", "nvidia0", "nvidia1", "nvidia12"):
        (tmp_path / name).touch()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpu.allowed(tmp_path) == [0, 1, 12]
    for named, seen in (("1", [1]), ("", []), ("12,3", [12]), ("GPU-5a1b", [])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
        assert gpu.allowed(tmp_path) == seen


def test_a_slot_goes_through_a_command_line() -> None:
    slot = Slot("a:0:1", parse("tls://h:1"), Path("/c"), "auto", Path("/k"), Path("/s"), "10.0.0.1", 3)
    assert load(dump(slot)) == slot
    plain = Slot("a:0:1", parse("tcp://127.0.0.1:1"), None, "cold", Path("/k"), Path("/s"))
    assert load(dump(plain)) == plain


# ---------------------------------------------------------------- Slurm


def test_a_jobs_script_starts_a_worker_with_what_it_asked_for() -> None:
    from cluster.slurm import read, script

    wanted = read(4, ["--gres=gpu:h100:2,nvme:1", "--mem=32GB", "--time=04:00:00", "--partition=teaching"])
    text = script(wanted, ["tls://head:8786", "--certificates", "/home/a b/papers"])
    for line in (
        "#SBATCH --cpus-per-task=6",
        "#SBATCH --mem=30G",
        "#SBATCH -t 04:00:00",
        "#SBATCH --gres=gpu:h100:2,nvme:1",
        "#SBATCH --partition=teaching",
        "#SBATCH --signal=B:TERM@300",
    ):
        assert line in text.splitlines()
    [command] = [line for line in text.splitlines() if line.startswith("exec ")]
    assert command.endswith(
        " -m cli worker tls://head:8786 --certificates '/home/a b/papers' --slots 4 --gpus auto"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--slots", "2"], "--sandbox auto --slots 2 --gpus none"),
        (
            ["--cache", "/local/heldout", "--host", "10.0.0.7", "--sandbox", "cold", "--gpus", "auto"],
            "--cache /local/heldout --host 10.0.0.7 --sandbox cold --slots 4 --gpus auto",
        ),
        (["--gpus", "none", "--slurm-option=--gres=gpu:1"], "--sandbox auto --slots 4 --gpus none"),
        (["--slurm-option=--gres=gpu:1"], "--sandbox auto --slots 4 --gpus auto"),
    ],
)
def test_a_job_of_slurm_is_a_worker_as_it_was_asked_for_here(words: list[str], expected: str) -> None:
    shown = CliRunner().invoke(worker, ["tcp://127.0.0.1:8786", "--slurm-script", *words])
    assert shown.exit_code == 0, shown.output
    [command] = [line for line in shown.output.splitlines() if line.startswith("exec ")]
    assert command.endswith(f" -m cli worker tcp://127.0.0.1:8786 {expected}")


def test_jobs_are_queued_by_sbatch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cluster.slurm import Wanted, submit

    sbatch = tmp_path / "sbatch"
    sbatch.write_text(f"#!/bin/sh\ncat $1 >> {tmp_path}/scripts\necho Submitted batch job 17\n")
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert submit(Wanted(), ["tls://head:8786"], 2) == ["17", "17"]
    assert (tmp_path / "scripts").read_text().count("worker tls://head:8786") == 2
    sbatch.write_text("#!/bin/sh\necho no such partition >&2\nexit 1\n")
    with pytest.raises(HeldoutError, match="Slurm took no job") as caught:
        submit(Wanted(), ["tls://head:8786"], 1)
    assert "no such partition" in caught.value.where
