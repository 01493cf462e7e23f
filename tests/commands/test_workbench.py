"""What whoever grades sees: a line that stays for each judging, bars that tell what is going on."""

import io
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import Progress

from commands.workbench import Bars, JobBar
from grader.report import Job
from grader.sandbox.unconfined import UnconfinedSandbox
from grader.spec import Limits
from grader.student import COMPUTING, SandboxedStudent
from tests.leaderboard.cases import PSNR, broke, failed, scored

TOKEN = re.compile(r"\x1b\[(\?25[lh]|[0-9;]*[A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


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
