"""Grading one submission: pure orchestration from archive to Report. Knows no database, queue or click."""

import hashlib
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.errors import BadSubmission
from grader.pictures import png
from grader.prepared import Data
from grader.report import Estimate, Failure, Report, Training, Verdict
from grader.sandbox import Sandbox
from grader.scoring.statistics import bootstrap_half_width, replicated, resampled_means
from grader.spec import Arrays, Assignment, Budget, Metric, Preview, RunKind, Scores
from grader.student import COMPUTING, Progress, SandboxedStudent, Watch, silent
from grader.turn import Turn

CHECK = "mend it; `heldout check` tries it again on public data, and costs no attempt"
Mask = npt.NDArray[np.bool_]
TRAINING, DEALING = 1, 2  # streams of the run's seed: what a training is seeded from, what it is dealt by
LARGEST = 1e300  # of a score; NaN is not below it either


def grade(
    assignment: Assignment,
    archive: bytes,
    data: Data,
    *,
    sandbox: Sandbox,
    run_seed: int,
    run_kind: RunKind = RunKind.EVALUATE,
    progress: Progress = silent,
    watch: Watch | None = None,
    gpu: bool = False,
    repeats: Sequence[Training] = (),
) -> Report:
    """Train the submission if need be, check it on public examples, score it on held-out items.

    Always returns a Report. `progress` is for who grades, `watch` for the student: see `SandboxedStudent`.
    `gpu`: trainings have one. `repeats`: those of an earlier report by the same seed, to be repeated.

    What the student's code did wrong is FAILED with its reason; anything else is GRADER_ERROR, whose log is
    our traceback.
    """
    student = SandboxedStudent(sandbox, archive, assignment.limits, progress, watch)
    report = Report(Verdict.SCORED, run_seed, data.sha256)
    heldout = data.heldout
    try:
        if run_kind is RunKind.TRAIN:
            dealt, heldout = assignment.deal(data.public, heldout, _dealer(run_seed))
            for turn in turns(assignment.budget, run_seed, gpu=gpu, repeats=repeats):
                _train(assignment, student, dealt, turn)
        report = _previewed(assignment, student, data.public, report)
        report = _scored(assignment, student, heldout, report)
    except BadSubmission as error:  # what was drawn of public examples may show why
        error.next_step = error.next_step or CHECK
        report = replace(report, verdict=Verdict.FAILED, failure=Failure(error.reason, str(error)))
    except Exception:  # noqa: BLE001 — the one place: whatever else goes wrong is ours, never the student's
        return replace(
            report,
            verdict=Verdict.GRADER_ERROR,
            log=traceback.format_exc(),
            resources=student.resources,
            **_trained(student),
        )
    return replace(report, log=student.log, resources=student.resources, **_trained(student))


def _trained(student: SandboxedStudent) -> dict[str, Any]:
    first = student.trained[0] if student.trained else None
    return {"training": first, "further": tuple(student.trained[1:])}


def _dealer(run_seed: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(run_seed, spawn_key=(DEALING,)))


def turns(
    budget: Budget, run_seed: int, *, gpu: bool = False, repeats: Sequence[Training] = ()
) -> list[Turn]:
    """By seeds that follow from the run's, which nobody knew when the code was handed in."""
    if repeats:
        return [Turn(one.seed, n, len(repeats), gpu, one) for n, one in enumerate(repeats, start=1)]
    seeds = [_seed(run_seed, n) for n in range(1, budget.trainings + 1)]
    return [Turn(seed, n, len(seeds), gpu) for n, seed in enumerate(seeds, start=1)]


def _seed(run_seed: int, number: int) -> int:
    """32 bits. By a function that can't be turned round: these are told, and the run's own seed is not."""
    return int.from_bytes(hashlib.sha256(f"{TRAINING}/{run_seed}/{number}".encode()).digest()[:4], "little")


def _train(assignment: Assignment, student: SandboxedStudent, dealt: Arrays, turn: Turn) -> None:
    try:
        student.train(dealt, assignment.budget, turn)
    except BadSubmission as error:
        if turn.of > 1:
            named = f"training {turn.number} of {turn.of}, by the seed {turn.seed}"
            error.where = f"{named}: {error.where}" if error.where else named
        raise


def _previewed(assignment: Assignment, student: SandboxedStudent, public: Arrays, report: Report) -> Report:
    student.tell("public check")
    with student.public_session() as session:
        preview = assignment.check(session, public)
    pictures = {picture.name: png(picture) for picture in preview.pictures}
    return replace(report, pictures=pictures, texts=preview.texts)


def _scored(assignment: Assignment, student: SandboxedStudent, heldout: Arrays, report: Report) -> Report:
    is_public = np.asarray(heldout["public"], bool)
    scores = _mean([_evaluated(assignment, student, heldout, number, report) for number in _numbers(student)])
    return replace(
        report,
        public={
            **_estimates(scores, is_public, assignment.block),
            **_coarse(scores.public, assignment.metric.name),
        },
        private={**_estimates(scores, ~is_public, assignment.block), **scores.private},
        items={name: values.astype(np.float32) for name, values in scores.items.items()},
        losses=_losses(scores, assignment.metric, is_public),
        resampled=_resampled(scores, assignment, is_public, report.run_seed),
        blocks=_blocks(scores, assignment, is_public),
    )


def _numbers(student: SandboxedStudent) -> range:
    return range(max(1, len(student.trained)))


def _evaluated(
    assignment: Assignment, student: SandboxedStudent, heldout: Arrays, number: int, report: Report
) -> Scores:
    """What came of one training; of several, each is noted."""
    student.load(number)
    scores = assignment.evaluate(student, heldout, np.random.default_rng(report.run_seed))
    student.report(COMPUTING, 0, 0)
    _check_scores(scores, assignment)
    if len(student.trained) > 1:
        public, private = _figures(scores, assignment.metric.name, np.asarray(heldout["public"], bool))
        student.trained[number] = replace(student.trained[number], public=public, private=private)
    return scores


def _figures(scores: Scores, metric: str, is_public: Mask) -> tuple[float, float]:
    """Of the metric that ranks: what the public board would tell, and the private score."""
    if metric in scores.items:
        values = scores.items[metric]
        return float(values[is_public].mean()), float(values[~is_public].mean())
    return _coarse(scores.public, metric)[metric].value, scores.private[metric].value


def _mean(found: Sequence[Scores]) -> Scores:
    """Over trainings, item by item. Of a set's half-widths the mean: its items are the same each time."""
    first = found[0]
    if len(found) == 1:
        return first
    return Scores(
        {name: np.mean([one.items[name] for one in found], axis=0) for name in first.items},
        _mean_estimates([one.public for one in found]),
        _mean_estimates([one.private for one in found]),
    )


def _mean_estimates(found: Sequence[Mapping[str, Estimate]]) -> dict[str, Estimate]:
    return {
        name: Estimate(
            float(np.mean([one[name].value for one in found])),
            float(np.mean([one[name].half_width for one in found])),
        )
        for name in found[0]
    }


def _coarse(estimates: Mapping[str, Estimate], ranked: str) -> dict[str, Estimate]:
    """The score of a whole set to the nearest half-width: the public board tells no more than it knows."""
    found = dict(estimates)
    if ranked in found and (step := found[ranked].half_width):
        found[ranked] = Estimate(round(found[ranked].value / step) * step, step)
    return found


def _losses(scores: Scores, metric: Metric, is_public: Mask) -> npt.NDArray[np.float32] | None:
    if metric.name not in scores.items:
        return None
    lowest, highest = metric.bounds or (None, None)
    values = np.clip(scores.items[metric.name][is_public], lowest, highest).astype(np.float32)
    return -values if metric.higher_is_better else values


def _blocks(scores: Scores, assignment: Assignment, is_public: Mask) -> dict[str, int]:
    if assignment.metric.name not in scores.items:
        return {"public": 0, "private": 0}
    counts = {"public": int(is_public.sum()), "private": int((~is_public).sum())}
    return {split: -(-count // assignment.block) for split, count in counts.items()}


def _resampled(scores: Scores, assignment: Assignment, is_public: Mask, run_seed: int) -> Arrays:
    """Of items the same are drawn for everybody, by a fixed seed; a whole set's score has luck of its own."""
    name = assignment.metric.name
    if name in scores.items:
        means = {
            split: resampled_means(
                scores.items[name][np.newaxis, chosen], np.random.default_rng(0), block=assignment.block
            )[0]
            for split, chosen in (("public", is_public), ("private", ~is_public))
        }
    else:
        rng = np.random.default_rng(run_seed)
        means = {
            split: replicated(found[name].value, found[name].half_width, rng)
            for split, found in (("public", scores.public), ("private", scores.private))
        }
    return {split: values.astype(np.float32) for split, values in means.items()}


def _check_scores(scores: Scores, assignment: Assignment) -> None:
    """Answers that aren't finite failed at the door; a score that isn't, or is missing, is our fault."""
    whole = {*scores.public, *scores.private}
    missing = [metric.name for metric in assignment.metrics if metric.name not in {*scores.items, *whole}]
    with np.errstate(over="ignore"):
        kept = {name: np.asarray(values).astype(np.float32) for name, values in scores.items.items()}
    strange = [name for name, values in kept.items() if not np.isfinite(values).all()]
    for board in (scores.public, scores.private):
        missing += sorted(whole - set(board))
        strange += [name for name, estimate in board.items() if not _sound(estimate)]
    twice = sorted(whole & set(scores.items))
    if missing or strange or twice:
        raise ArithmeticError(f"evaluate's scores: missing {missing}, not finite {strange}, twice {twice}")


def _sound(estimate: Estimate) -> bool:
    return abs(estimate.value) < LARGEST and 0 <= estimate.half_width < LARGEST


def _estimates(scores: Scores, chosen: Mask, block: int) -> dict[str, Estimate]:
    """Mean and half-width by metric. The generator's seed is fixed: equal scores get equal intervals."""
    return {
        name: Estimate(
            float(values[chosen].mean()),
            bootstrap_half_width(values[chosen], np.random.default_rng(0), block=block),
        )
        for name, values in scores.items.items()
    }


@dataclass(frozen=True)
class PublicCheck:
    """`error` is what the student's code did wrong, with its full traceback; then there are no scores."""

    preview: Preview  # its scores are of public examples, not the board's
    log: str
    wall_seconds: float  # without the training's
    error: BadSubmission | None = None
    training: Training | None = None


def check(
    assignment: Assignment,
    archive: bytes,
    public: Arrays,
    sandbox: Sandbox,
    *,
    run_kind: RunKind = RunKind.EVALUATE,
    progress: Progress = silent,
) -> PublicCheck:
    """What `heldout check` runs: the public part of grading; a train run is trained in full.

    It is trained on the public data: who checks has nothing else to deal from.
    Raises SandboxError when the sandbox is at fault.
    """
    student = SandboxedStudent(sandbox, archive, assignment.limits, progress)
    preview = Preview({})
    failed: BadSubmission | None = None
    try:
        if run_kind is RunKind.TRAIN:
            _train(assignment, student, public, turns(assignment.budget, run_seed=0)[0])
        with student.public_session() as session:
            preview = assignment.check(session, public)
    except BadSubmission as error:
        failed = error
    training = student.trained[0] if student.trained else None
    return PublicCheck(preview, student.log, student.resources.wall_seconds, failed, training)
