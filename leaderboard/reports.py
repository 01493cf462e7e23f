"""A report becomes rows: a judging with its scores, items and pictures. Inside the caller's transaction."""

import math
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from grader.report import CellResult, Job, Report, Training, Verdict
from leaderboard.columns import Leased
from leaderboard.plain import storable
from leaderboard.tables import (
    ItemScoresRow,
    JudgingRow,
    NotebookRow,
    PictureRow,
    ResampledRow,
    ScoreRow,
)

TRACES = ("curve", "beats")  # of a training, kept apart


def add_judging(
    session: Session, submission_id: int, attempt: int, lease: Leased, report: Report, now: datetime
) -> JudgingRow:
    """Add what the holder of `lease` found in this attempt."""
    judging = _judging(submission_id, attempt, lease, report, now)
    session.add(judging)
    session.flush()
    _add_findings(session, judging.id, report)
    return judging


def add_broken(
    session: Session, submission_id: int, attempt: int, lease: Leased, text: str, now: datetime
) -> JudgingRow:
    """The judging of an attempt of which no report came: it has no run seed."""
    report = Report(Verdict.GRADER_ERROR, run_seed=0, log=text)
    judging = _judging(submission_id, attempt, lease, report, now)
    judging.run_seed = None
    session.add(judging)
    session.flush()
    return judging


def recorded(session: Session, job: Job) -> bool:
    """Whether this holder has recorded this attempt before."""
    found = session.scalar(
        select(JudgingRow.id).where(
            JudgingRow.submission_id == job.ref,
            JudgingRow.attempt == job.attempt,
            JudgingRow.holder == job.holder,
            JudgingRow.run_seed.is_not(None),  # a lost lease has a judging without seed, in its name
        )
    )
    return found is not None


def _judging(submission_id: int, attempt: int, lease: Leased, report: Report, now: datetime) -> JudgingRow:
    used = report.resources
    return JudgingRow(
        submission_id=submission_id,
        attempt=attempt,
        holder=lease.holder or "",
        verdict=report.verdict,
        reason=report.failure.reason.value if report.failure else "",
        message=storable(report.failure.message) if report.failure else "",
        log=storable(report.log),
        run_seed=report.run_seed,
        data_sha256=report.data_sha256,
        launcher=used.launcher,
        layers=", ".join(used.layers),
        wall_seconds=used.wall_seconds,
        cpu_seconds=used.cpu_seconds,
        peak_bytes=used.peak_bytes,
        limits=asdict(used.limits) if used.limits else {},
        killed=used.killed,
        doing=storable(used.doing),
        dropped_bytes=used.dropped_bytes,
        machine=used.machine,
        gpu_seconds=used.gpu_seconds,
        texts={storable(name): storable(text) for name, text in report.texts.items()},
        training=_trained(report),
        traces=_traces(report),
        training_seconds=math.fsum(each.cpu_seconds for each in _trainings(report)),
        training_wall_seconds=math.fsum(each.wall_seconds for each in _trainings(report))
        if report.training
        else None,
        started_at=lease.claimed_at,
        recorded_at=now,
    )


def _trainings(report: Report) -> list[Training]:
    return [report.training, *report.further] if report.training else []


def _trained(report: Report) -> dict[str, Any]:
    """All but what is long: see `_traces`."""
    every = [asdict(each) | {"broke": storable(each.broke)} for each in _trainings(report)]
    short = [{name: each[name] for name in each if name not in TRACES} for each in every]
    return short[0] | {"further": short[1:]} if short else {}


def _traces(report: Report) -> dict[str, Any]:
    every = [{name: getattr(each, name) for name in TRACES} for each in _trainings(report)]
    return {"trainings": every} if every else {}


def storable_cell(cell: CellResult) -> dict[str, Any]:
    return asdict(cell) | {"message": storable(cell.message)}


def _add_findings(session: Session, judging: int, report: Report) -> None:
    for split, estimates in (("public", report.public), ("private", report.private)):
        session.add_all(
            ScoreRow(
                judging_id=judging,
                split=split,
                metric=metric,
                value=float(estimate.value),
                half_width=float(estimate.half_width),
            )
            for metric, estimate in estimates.items()
        )
    session.add_all(
        ItemScoresRow(judging_id=judging, metric=metric, values=np.asarray(values, "<f4").tobytes())
        for metric, values in report.items.items()
    )
    session.add_all(
        ResampledRow(
            judging_id=judging,
            split=split,
            values=np.asarray(values, "<f4").tobytes(),
            blocks=report.blocks.get(split, 0),
        )
        for split, values in report.resampled.items()
    )
    if report.cells:
        told = {"cells": [storable_cell(each) for each in report.cells]}
        session.add(NotebookRow(judging_id=judging, cells=told, executed=report.notebook))
    session.add_all(
        PictureRow(judging_id=judging, name=name, png=png) for name, png in report.pictures.items()
    )
