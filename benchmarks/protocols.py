"""What the protocols cost: an evaluation through sandboxes, with twins and repeats, against the model itself.

Named alternative, in the same run, in turns: the same model in this process, warm, called once on each of the
same items in batches of 256, and scored. The grader's memory is measured in a process of its own.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from assignments.gan.evaluate import quantised, scored
from benchmarks.record import Row, at_most
from grader import catalogue
from grader.archive import pack_for
from grader.catalogue import HOME
from grader.prepared import HELDOUT, PUBLIC, draw
from grader.sandbox import Sandbox
from grader.sandbox.probe import choose
from grader.scoring.classification import accuracy, nll
from grader.scoring.elbo import elbo
from grader.scoring.image import psnr, ssim
from grader.spec import Array, Arrays, Assignment
from grader.student import SandboxedStudent
from tests.assignments.in_process import submission

ROUNDS, BATCH = 3, 256


@dataclass(frozen=True)
class Subject:
    items: int
    bar: float


SUBJECTS = {
    "denoising": Subject(2_000, 1.3),
    "vae": Subject(10_000, 3.0),
    "cnn": Subject(4_000, 1.3),
    "gan": Subject(2_000, 1.3),
}
MEMORY_GB = 1.0


def measure() -> list[Row]:
    torch.set_num_threads(1)
    rows = []
    with closing(choose("zygote")) as sandbox:
        for slug, subject in SUBJECTS.items():
            rows += _ratio(slug, subject, sandbox)
    return rows


def measure_memory() -> list[Row]:
    return [
        at_most(f"{slug}: grading at full size", _peak(slug), "GB", MEMORY_GB) for slug in catalogue.slugs()
    ]


def _ratio(slug: str, subject: Subject, sandbox: Sandbox) -> list[Row]:
    assignment = catalogue.find(slug)
    heldout = draw(assignment, 1, size=subject.items).heldout
    folder = HOME / _best(assignment)
    archive = pack_for(assignment, folder).data
    load = submission(folder)
    through(assignment, archive, heldout, sandbox)
    pairs = [
        (through(assignment, archive, heldout, sandbox), once(slug, load(), heldout)) for _ in range(ROUNDS)
    ]
    return [
        Row(f"{slug}: in this process, once", median(theirs for _, theirs in pairs), "s"),
        Row(f"{slug}: through the protocol", median(ours for ours, _ in pairs), "s"),
        at_most(f"{slug}: ratio", median(ours / theirs for ours, theirs in pairs), "", subject.bar),
    ]


def through(assignment: Assignment, archive: bytes, heldout: Arrays, sandbox: Sandbox) -> float:
    """Seconds of a whole evaluation."""
    student = SandboxedStudent(sandbox, archive, assignment.limits)
    started = time.perf_counter()
    assignment.evaluate(student, heldout, np.random.default_rng(0))
    return time.perf_counter() - started


def once(slug: str, model: Any, heldout: Arrays) -> float:
    started = time.perf_counter()
    SCORED[slug](model, heldout)
    return time.perf_counter() - started


def _denoising(model: Any, heldout: Arrays) -> None:
    clean = heldout["clean"] / np.float32(255)
    denoised = called(model.denoise, heldout["noisy"]).clip(0, 1)[:, 0]
    psnr(denoised, clean)
    ssim(denoised, clean)


def _vae(model: Any, heldout: Arrays) -> None:
    x = heldout["binary"]
    both = called(lambda batch: torch.cat(model.encode(batch), dim=1), x)
    mean, log_std = np.split(both, 2, axis=1)
    z = mean + np.exp(log_std) * np.random.default_rng(0).standard_normal(mean.shape, np.float32)
    elbo(x, called(model.decode, z), z, mean, log_std)


def _cnn(model: Any, heldout: Arrays) -> None:
    logits = called(model.classify, heldout["images"])
    called(model.classify, heldout["nudged"])
    accuracy(logits, heldout["labels"])
    nll(logits, heldout["labels"])


def _gan(model: Any, heldout: Arrays) -> None:
    z = heldout["z"][:, : model.latent_size()]
    scored(quantised(called(model.generate, z).clip(0, 1)), heldout)


SCORED: dict[str, Callable[[Any, Arrays], None]] = {
    "denoising": _denoising,
    "vae": _vae,
    "cnn": _cnn,
    "gan": _gan,
}


def called(method: Callable[[torch.Tensor], torch.Tensor], inputs: Array) -> Array:
    parts = np.array_split(inputs, range(BATCH, len(inputs), BATCH))
    return np.concatenate([method(torch.from_numpy(part)).numpy() for part in parts])


def _best(assignment: Assignment) -> str:
    """The folder of the solution that shows the highest tier."""
    return assignment.tiers[-1].exemplar


def _peak(slug: str) -> float:
    """GB resident at most, of a process that grades on the full profile."""
    assignment = catalogue.find(slug)
    prepared = draw(assignment, 1)
    with tempfile.TemporaryDirectory() as folder:
        for name, arrays in ((PUBLIC, prepared.public), (HELDOUT, prepared.heldout)):
            np.savez(Path(folder) / name, allow_pickle=False, **arrays)
        command = [sys.executable, "-m", "benchmarks.peak", slug, _best(assignment), folder]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=HOME)
    return int(done.stdout) / 1e9
