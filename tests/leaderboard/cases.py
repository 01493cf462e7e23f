"""Reports, assignments and submissions that several tests need."""

import hashlib
import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.errors import Reason
from grader.report import Estimate, Failure, Job, Report, Resources, Training, Verdict
from grader.rules import Rules
from grader.scoring.statistics import half_widths, resampled_means
from grader.spec import Assignment, Limits, Metric, RunKind, Tier
from leaderboard.reading import board
from leaderboard.records import Receipt, Student, TeamKind
from leaderboard.store import Store

PSNR = Metric("psnr", "dB", higher_is_better=True)
KID = Metric("kid", "", higher_is_better=False, digits=1)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10\x00\x00\x00\x08\x08\x00\x00\x00\x00"
ADA = Student("Ada Lovelace", "ada@example.org", "ada", "Ada Lovelace")
BOB = Student("Bob", "bob@example.org", "bob", "Bob")
_numbers = itertools.count()


def _unused(*arguments: object) -> Any:
    raise AssertionError("a board asks no questions of an assignment")


RESOURCES = Resources(
    "zygote",
    ("namespaces", "seccomp", "cgroup-v1", "page cache"),
    1.5,
    2.5,
    2 << 30,
    limits=Limits(threads=2),
    killed="memory",
    doing="calling denoise on batch 3",
    dropped_bytes=1234,
)


TRAINING = Training(
    seed=2**32 - 1,
    steps=600,
    cpu_seconds=43.5,
    cut=True,
    curve=((20, 0.5), (600, 0.25)),
    wall_seconds=230.0,
    peak_bytes=300 << 20,
)


def assignment(*metrics: Metric, **rules: Any) -> Assignment:
    tiers = (Tier("baseline", 17.8, ""), Tier("pass", 18.7, ""), Tier("reference", 19.7, ""))
    found = Assignment(
        slug="denoising",
        title="Denoising",
        metrics=metrics or (PSNR,),
        tiers=tiers,
        prepare=_unused,
        check=_unused,
        evaluate=_unused,
    )
    return replace(found, rules=Rules(**rules))


def scored(value: float = 19.0, half_width: float = 0.1, *, private: float = 18.9) -> Report:
    return Report(
        Verdict.SCORED,
        run_seed=2**63 - 1,
        data_sha256="d" * 64,
        public={"psnr": Estimate(value, half_width)},
        private={"psnr": Estimate(private, half_width)},
        items={"psnr": np.array([value, private], np.float32)},
        pictures={"examples": PNG},
        log="epoch 1\n",
        resources=RESOURCES,
    )


def probed(losses: npt.NDArray[np.floating], *, resampled: bool = True, **changes: Any) -> Report:
    """A report of per-item scores (n,), PSNRs say: all are public, and the private board's, too."""
    values = np.asarray(losses, np.float32)
    means = resampled_means(values[np.newaxis], np.random.default_rng(0))[0].astype(np.float32)
    estimate = {"psnr": Estimate(float(values.mean()), float(half_widths(means[np.newaxis])[0]))}
    report = Report(
        Verdict.SCORED,
        run_seed=1,
        data_sha256="d" * 64,
        public=estimate,
        private=estimate,
        items={"psnr": values},
        losses=-values,
        resampled={"public": means, "private": means} if resampled else {},
    )
    return replace(report, **changes)


def told(
    store: Store,
    run_kind: RunKind = RunKind.EVALUATE,
    *,
    under: Assignment | None = None,
    **which: Any,
) -> list[tuple[str, float]]:
    """Teams and scores of a board of PSNRs."""
    rows = board(store, under or assignment(), run_kind=run_kind, **which)
    return [(row.team, round(row.score, 6)) for row in rows]


def failed() -> Report:
    return Report(
        Verdict.FAILED,
        run_seed=1,
        failure=Failure(Reason.WRONG_SHAPE, "denoise returned (32, 784)\nexpected: (32, 1, 28, 28)"),
        log="nul \x00 and \ud800",
    )


def broke() -> Report:
    return Report(Verdict.GRADER_ERROR, run_seed=0, log="Traceback: our own")


def send(
    store: Store,
    team: str = "Ada",
    *,
    content: str = "",
    slug: str = "denoising",
    run_kind: RunKind = RunKind.EVALUATE,
    under: Assignment | None = None,
) -> Receipt:
    """A submission of a team, which is made if need be; bytes of its own unless `content` says otherwise."""
    if not any(known.name == team for known in store.teams()):
        store.ensure_team(team, TeamKind.STUDENT)
    digest = hashlib.sha256((content or str(next(_numbers))).encode()).hexdigest()
    return store.receive(
        team,
        slug,
        sha256=digest,
        size=10,
        file_name="a.zip",
        description="first try",
        run_kind=run_kind,
        rules=under.rules if under else None,
    )


def take(store: Store, holder: str = "grader", seconds: float = 60.0) -> Job:
    job = store.claim(holder, seconds)
    assert job is not None
    return job


def judge(store: Store, report: Report | None = None) -> Job:
    job = take(store)
    assert store.record(job, report or scored())
    return job
