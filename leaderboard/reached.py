"""What shipped solutions reached: from a course's judgings, and kept in a file for who has no such course."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from grader.errors import HeldoutError
from grader.outline import Metric, Outline
from grader.report import Estimate

FIELDS = (
    "assignment", "solution", "kind", "metric", "score", "halfWidth", "parameters",
    "trainedScore", "trainedHalfWidth", "steps", "cpuSeconds", "budgetSeconds", "cut",
)  # fmt: skip
Cells: TypeAlias = list[str | float | bool | None]


@dataclass(frozen=True)
class Trained:
    """By the grader, on a course's data. Of several trainings: their mean score, all else of the first."""

    score: Estimate
    steps: int
    cpu_seconds: float  # of the budget's
    budget_seconds: float
    cut: bool  # the budget's end came before the training's


@dataclass(frozen=True)
class Reached:
    """Of a solution: as it is shipped, and after the grader trained its code. None: never judged."""

    outline: Outline
    kind: str  # "baseline" or "reference"
    name: str
    parameters: int
    score: Estimate | None = None
    trained: Trained | None = None

    @property
    def metric(self) -> Metric:
        return self.outline.metric

    @property
    def key(self) -> tuple[str, str]:
        return self.outline.slug, self.name

    @property
    def cells(self) -> Cells:
        """By FIELDS."""
        score, trained = self.score, self.trained
        return [
            self.outline.slug,
            self.name,
            self.kind,
            self.metric.name,
            score.value if score else None,
            score.half_width if score else None,
            self.parameters,
            trained.score.value if trained else None,
            trained.score.half_width if trained else None,
            trained.steps if trained else None,
            trained.cpu_seconds if trained else None,
            trained.budget_seconds if trained else None,
            trained.cut if trained else None,
        ]


def with_kept(found: Sequence[Reached], path: Path) -> list[Reached]:
    """What was never judged here as the file has it. Raises HeldoutError where it can't be read."""
    kept = _read(path)
    return [_filled(one, kept[one.key]) if one.key in kept else one for one in found]


def keep(found: Sequence[Reached], path: Path) -> None:
    """For `with_kept`: whole or not at all."""
    draft = path.with_suffix(".new")
    rows = [dict(zip(FIELDS, one.cells, strict=True)) for one in found]
    draft.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")  # of full precision
    draft.replace(path)


Parts: TypeAlias = tuple[Estimate | None, Trained | None]


def _filled(one: Reached, kept: Parts) -> Reached:
    return replace(one, score=one.score or kept[0], trained=one.trained or kept[1])


def _read(path: Path) -> Mapping[tuple[str, str], Parts]:
    if not path.is_file():
        return {}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {(row["assignment"], row["solution"]): _parts(row) for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HeldoutError(
            "what was kept of the shipped solutions can't be read",
            where=f"{path}: {type(error).__name__}: {error}",
            expected="a list of objects, as `heldout solutions --kept` writes it",
            next_step="take it from the repository, or remove it: it is made anew of what this course has",
        ) from error


def _parts(row: Mapping[str, Any]) -> Parts:
    score = None if row["score"] is None else Estimate(row["score"], row["halfWidth"])
    if row["trainedScore"] is None:
        return score, None
    trained = Estimate(row["trainedScore"], row["trainedHalfWidth"])
    return score, Trained(trained, row["steps"], row["cpuSeconds"], row["budgetSeconds"], row["cut"])
