"""What whoever grades sees: a line that stays for each judging, bars that tell what is going on."""

import io
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from commands.workbench import Bars, JobBar, ThisMachine
from grader import gpus
from grader.archive import Archive, keep
from grader.autograde import Lost
from grader.bench import CourseSupply
from grader.course import Config, Course, Settings, init
from grader.outline import RunKind
from grader.report import EVERYTHING, Job
from grader.sandbox.unconfined import UnconfinedSandbox
from grader.spec import Limits
from grader.student import COMPUTING, SandboxedStudent
from tests.leaderboard.cases import PSNR, broke, failed, scored

TOKEN = re.compile(r"\x1b\[(\?25[lh]|[0-9;]*[A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return init(tmp_path / "course", Config(assignments={"mnist1d": Settings(items=16)}))


def job(ref: int = 2) -> Job:
    return Job(ref, "logistic [b]", "cnn", "0" * 64, 1, "grader", datetime(2026, 1, 1, tzinfo=UTC))


def on_screen(written: str) -> list[str]:
    """The lines that a terminal shows after all that: cursor up, erased lines, overwritten ones."""
    lines, row = [""], 0
    for control, start, end, text in TOKEN.findall(written):
        if control.endswith("A"):
            row -= int(control[:-1] or 1)
            assert row >= 0, "the cursor left the screen"
        elif control == "2K" or start:
            lines[row] = "" if control else lines[row]
        elif end:
            row += 1
            lines += [""] * (row == len(lines))
        else:
            lines[row] += text
    return lines


def test_lines_stay_while_bars_come_and_go() -> None:
    out = io.StringIO()
    bars = Bars(Console(file=out, force_terminal=True, force_interactive=True, width=200))

    def work(ref: int) -> int:
        with bars.job(job(ref)) as show:
            for done in range(20):
                show("held-out items", done, 20)
        return ref

    bars.start()
    with ThreadPoolExecutor(4) as pool:
        for ref in pool.map(work, range(300)):
            bars.announce(job(ref), scored(), PSNR)
            time.sleep(0.002)  # so that bars are drawn meanwhile
    bars.stop()
    shown = [int(number) for number in re.findall(r"✓ #(\d+)", "\n".join(on_screen(out.getvalue())))]
    assert shown == list(range(300))


def test_a_line_names_assignment_team_and_metric() -> None:
    out = io.StringIO()
    bars = Bars(Console(file=out, width=40))
    bars.start()
    for report, metric in ((scored(), PSNR), (failed(), None), (broke(), None)):
        bars.announce(job(), report, metric)
    bars.stop()
    assert out.getvalue().splitlines() == [
        "✓ #2 cnn · logistic [b]  psnr 19.00 ± 0.10 dB",
        "✗ #2 cnn · logistic [b]  failed (wrong_shape): denoise returned (32, 784)",
        "! #2 cnn · logistic [b]  our fault, attempt 1: Traceback: our own",
    ]


def test_on_one_machine_what_needs_a_gpu_has_a_lane_of_its_own(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for one takes nobody's place; where there is none it is said, or waited for."""
    here: list[int] = []
    monkeypatch.setattr(gpus, "offered", lambda: here)
    supply = CourseSupply(course, device="cuda")
    machine = ThisMachine(supply, jobs=3, sandbox_name="none")
    [gpu, cpu] = machine.lanes(lambda one: scored())
    assert (gpu.choice.named, gpu.choice.others) == (frozenset({("mnist1d", RunKind.TRAIN)}), False)
    assert (cpu.choice.named, cpu.choice.others) == (gpu.choice.named, True)
    assert (machine.most, gpu.slots(), cpu.slots()) == (3, 0, 3)
    assert "no NVIDIA GPU on this machine" in str(gpu.absent())
    archive = Archive(b"", "model.zip")
    keep(archive, course.archives)
    training = Job(1, "Ada", "mnist1d", archive.sha256, 1, "grader", datetime.now(UTC), RunKind.TRAIN)
    with pytest.raises(Lost, match="no NVIDIA GPU"):
        machine.grade(supply.task(training), lambda *_: None, lambda *_: None)
    here.append(0)
    assert (gpu.slots(), cpu.slots()) == (1, 3)
    machine.stop()
    machine.close()


def test_a_course_without_gpus_has_one_lane(course: Course) -> None:
    machine = ThisMachine(CourseSupply(course), jobs=3, sandbox_name="none")
    [lane] = machine.lanes(lambda one: scored())
    assert (lane.slots(), lane.choice) == (3, EVERYTHING)
    machine.stop()
    machine.close()


def test_after_the_last_answer_the_clock_goes_on_and_the_bar_says_why() -> None:
    progress = Progress()
    with JobBar(progress, progress.add_task("starting", total=None)) as show:
        student = SandboxedStudent(UnconfinedSandbox(), b"", Limits(), show)
        [task] = progress.tasks
        student.progress(9, 10)
        assert (task.description, task.completed, task.total) == ("held-out items 9/10", 9, 10)
        student.progress(10, 10)
        assert (task.description, task.total, task.finished) == (COMPUTING, None, False)
        show("training, step 900, loss 0.25; CPU-seconds", 120, 120)
        assert not task.finished
