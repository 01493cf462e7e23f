"""What an instructor may set in course.toml."""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from grader.outline import Budget, Limits, NotebookBudget
from grader.rules import Rules
from grader.spec import Assignment

FORMAT = 1  # of the folder; a newer program may raise it


class Settings(BaseModel):
    """What a course may set for one assignment. Limits that are left out keep the assignment's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: Annotated[int, Field(gt=0)] | None = None  # held-out items; None: the assignment's own number
    wall_seconds: Annotated[float, Field(gt=0)] | None = None
    check_seconds: Annotated[float, Field(gt=0)] | None = None
    memory_bytes: Annotated[int, Field(gt=0)] | None = None
    archive_bytes: Annotated[int, Field(gt=0)] | None = None
    train_cpu_seconds: Annotated[float, Field(gt=0)] | None = None  # the budget of a train run
    train_gpu_seconds: Annotated[float, Field(gt=0)] | None = None  # of one that has a GPU
    trainings: Annotated[int, Field(gt=0, le=20)] | None = None  # of each train run, by other seeds
    notebook_seconds: Annotated[float, Field(gt=0)] | None = None  # of a whole notebook
    cell_seconds: Annotated[float, Field(gt=0)] | None = None  # of one of its cells
    data: Path | None = None  # this assignment's data set; None: the course's
    rules: Rules = Field(default_factory=Rules)


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    title: str = "Deep learning"
    database: str = ""  # an SQLAlchemy URL; empty: ledger.db in this folder
    data: Path | None = None  # the data sets' folder; empty: the usual places
    assignments: Mapping[str, Settings] = Field(default_factory=dict)


def settled(assignment: Assignment, settings: Settings) -> Assignment:
    """The assignment under a course's settings."""
    limits = settings.model_dump(include={each.name for each in fields(Limits)}, exclude_none=True)
    return replace(
        assignment,
        limits=replace(assignment.limits, **limits),
        budget=_budget(assignment.budget, settings),
        notebook_budget=_notebook_budget(assignment.notebook_budget, settings),
        rules=settings.rules,
    )


def _budget(own: Budget, settings: Settings) -> Budget:
    return replace(
        own,
        cpu_seconds=settings.train_cpu_seconds or own.cpu_seconds,
        gpu_seconds=settings.train_gpu_seconds or own.gpu_seconds,
        trainings=settings.trainings or own.trainings,
    )


def _notebook_budget(own: NotebookBudget, settings: Settings) -> NotebookBudget:
    if settings.notebook_seconds is not None:
        own = replace(own, seconds=settings.notebook_seconds)
    if settings.cell_seconds is not None:
        own = replace(own, cell_seconds=settings.cell_seconds)
    return own
