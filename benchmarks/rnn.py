"""How fast a language model is asked: every character a message into the sandbox, every answer one out of it.

Named alternative, in the same run, in turns: the same model on the same streams in this process, nobody
scoring it (the limit of what is possible).
"""

import time
from contextlib import closing
from pathlib import Path
from statistics import median

import numpy as np
import torch

from benchmarks.record import Row, at_least
from grader import catalogue
from grader.archive import pack
from grader.sandbox import Sandbox
from grader.sandbox.probe import choose
from grader.spec import MB, Arrays
from grader.student import SandboxedStudent
from tests.assignments.in_process import submission

MODEL = Path(__file__).parent / "tasks" / "gru"
SYMBOLS, STREAMS, CHARACTERS = 63, 256, 1_650
TWINS = 32  # of the streams, told again
ROUNDS = 5
FLOOR = 50_000  # characters a second: the held-out text of a course in under ten seconds


def measure() -> list[Row]:
    torch.set_num_threads(1)
    heldout = text()
    archive = pack(MODEL, limit=MB).data
    with closing(choose("zygote")) as sandbox:
        through_protocol(archive, heldout, sandbox)
        pairs = [(through_protocol(archive, heldout, sandbox), in_process(heldout)) for _ in range(ROUNDS)]
    ours, limit = median(ours for ours, _ in pairs), median(limit for _, limit in pairs)
    return [
        Row("GRU-192: in this process, not scored", limit, "characters/s"),
        at_least("GRU-192: evaluated in the sandbox, scored", ours, "characters/s", FLOOR),
        Row("GRU-192: share of the limit", ours / limit * 100, "%"),
    ]


def text() -> Arrays:
    streams = np.random.default_rng(0).integers(SYMBOLS, size=(STREAMS, CHARACTERS)).astype(np.uint8)
    return {"streams": streams, "symbols": np.arange(SYMBOLS), "public": np.zeros(STREAMS * 8, bool)}


def through_protocol(archive: bytes, heldout: Arrays, sandbox: Sandbox) -> float:
    """Characters a second of a whole evaluation: two sandboxes, twins, code lengths in float64."""
    assignment = catalogue.find("rnn")
    student = SandboxedStudent(sandbox, archive, assignment.limits)
    started = time.perf_counter()
    assignment.evaluate(student, heldout, np.random.default_rng(0))
    return (STREAMS + TWINS) * (CHARACTERS - 1) / (time.perf_counter() - started)


def in_process(heldout: Arrays) -> float:
    model = submission(MODEL)()
    columns = torch.from_numpy(heldout["streams"].T.astype(np.int64))
    state = model.start(STREAMS)
    started = time.perf_counter()
    for column in columns[:-1]:
        _, state = model.step(column, state)
    return STREAMS * (CHARACTERS - 1) / (time.perf_counter() - started)
