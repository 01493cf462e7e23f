"""What a sandbox costs for each submission, on two tasks: a small CNN on 2,000 images, a numpy exercise.

Named alternatives, in the same run, interleaved: `python evaluate.py` in a fresh process each (what a course
without a grader does) and the same model called in this process, warm (the limit of what is possible).
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch

from benchmarks.record import Row, at_least, at_most
from grader.archive import pack
from grader.sandbox import Allowance, Sandbox, Tensor, TensorSpec
from grader.sandbox.probe import choose
from grader.spec import MB, Limits
from tests.assignments.in_process import submission

TASKS = Path(__file__).parent / "tasks"
SUBMISSIONS = 50
BLOCK = 10  # in a row, one way: a sandbox's successor is made while it works, and must not slow the others
ROUNDS = 9  # of evaluate.py, and of the cold sandbox: seconds each
SETTLE_SECONDS = 0.5  # the last sandbox's successor is ready by then
LIMITS = Limits()


@dataclass(frozen=True)
class Task:
    name: str
    folder: Path
    archive: bytes
    inputs: np.ndarray
    labels: np.ndarray

    def score(self, answers: np.ndarray) -> float:
        return float((answers.argmax(1) == self.labels).mean())


def task(name: str, shape: tuple[int, ...]) -> Task:
    rng = np.random.default_rng(0)
    folder = TASKS / name
    inputs = rng.random(shape, np.float32)
    return Task(name, folder, pack(folder, limit=MB).data, inputs, rng.integers(0, 10, len(inputs)))


def measure() -> list[Row]:
    torch.set_num_threads(1)
    tasks = (task("torch", (2_000, 1, 28, 28)), task("numpy", (100, 10)))
    with closing(choose("zygote")) as zygote:
        rows = [row for each in tasks for row in _throughput(each, zygote)]
        rows.append(_two_slots(tasks[0], zygote))
    with closing(choose("cold")) as cold:
        rows.append(_cold(tasks[0], cold))
    return rows


def _throughput(task: Task, zygote: Sandbox) -> list[Row]:
    """Seconds for one submission, medians of blocks, the three ways in turn."""
    sandboxed(task, zygote)
    sandboxes, warm, fresh = [], [], []
    with _saved(task) as data:
        for _ in range(SUBMISSIONS // BLOCK):
            sandboxes.append(block(lambda: sandboxed(task, zygote)))
            time.sleep(SETTLE_SECONDS)
            warm.append(block(lambda: in_process(task)))
            fresh += [seconds(lambda: evaluate(task, data)) for _ in range(2)]
    ours, limit, theirs = median(sandboxes), median(warm), median(fresh)
    overhead = median(ours - once for ours, once in zip(sandboxes, warm, strict=True))
    said = f"{task.name}: "
    rows = [
        Row(f"{said}in this process, warm", limit, "s"),
        Row(f"{said}zygote", ours, "s"),
        Row(f"{said}python evaluate.py", theirs, "s"),
        at_most(f"{said}zygote's overhead", overhead * 1000, "ms", 100),
        at_least(
            f"{said}zygote against evaluate.py", theirs / ours, "×", {"torch": 3.5, "numpy": 5}[task.name]
        ),
    ]
    if task.name == "torch":
        rows.append(Row(f"{said}the limit of that", theirs / limit, "×"))
        rows.append(at_least(f"{said}share of the limit", limit / ours * 100, "%", 75))
    return rows


def _two_slots(task: Task, zygote: Sandbox) -> Row:
    """Submissions a second, two at a time against one at a time, in turns."""
    ratios = []
    for _ in range(3):
        spent = []
        for slots in (1, 2):
            with ThreadPoolExecutor(slots) as pool:
                started = time.perf_counter()
                list(pool.map(lambda _: sandboxed(task, zygote), range(SUBMISSIONS)))
                spent.append(time.perf_counter() - started)
        ratios.append(spent[0] / spent[1])
    return at_least(f"{task.name}: two slots against one, {os.cpu_count()} cores", median(ratios), "×", 1.7)


def _cold(task: Task, cold: Sandbox) -> Row:
    with _saved(task) as data:
        pairs = [
            (seconds(lambda: sandboxed(task, cold)), seconds(lambda: evaluate(task, data)))
            for _ in range(ROUNDS)
        ]
    ratio = median(ours for ours, _ in pairs) / median(theirs for _, theirs in pairs)
    return at_most(f"{task.name}: cold sandbox against python evaluate.py", ratio, "×", 1.1)


def sandboxed(task: Task, sandbox: Sandbox) -> float:
    """One submission from its archive to its score."""
    spec = TensorSpec("float32", task.inputs.shape)
    shape = (len(task.inputs), 10)
    with sandbox.open(task.archive, LIMITS, Allowance(LIMITS.wall_seconds), public=False) as session:
        [answer] = session.call(
            "predict", [Tensor(spec, task.inputs.data.cast("B"))], [TensorSpec("float32", shape)]
        )
    return task.score(np.frombuffer(answer, np.float32).reshape(shape))


def in_process(task: Task) -> float:
    """The least that it can take: torch is imported, so is whatever the model needs."""
    model = submission(task.folder)()
    return task.score(np.asarray(model.predict(torch.from_numpy(task.inputs))))


def evaluate(task: Task, data: str) -> float:
    command = [sys.executable, str(task.folder / "evaluate.py"), data]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(said.removeprefix("score: "))


def block(work: Callable[[], float]) -> float:
    """Seconds for one of BLOCK submissions in a row."""
    return sum(seconds(work) for _ in range(BLOCK)) / BLOCK


def seconds(work: Callable[[], float]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@contextmanager
def _saved(task: Task) -> Iterator[str]:
    """The task's data as a file, while needed."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/data.npz"
        np.savez(path, inputs=task.inputs, labels=task.labels)
        yield path
