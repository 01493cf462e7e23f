"""Assignments that are a notebook and nothing else: points from its tests and from people, no board."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from grader.errors import BadSubmission, Reason
from grader.outline import POINTS
from grader.spec import Arrays, Assignment, Prepared, Preview, Range, Scores, Session, Student


def alone(slug: str, title: str) -> Assignment:
    """What `assignment.py` makes, beside README.md and notebook.ipynb; what lies beside it is in starter/."""
    return Assignment(
        slug=slug,
        title=title,
        metrics=(POINTS,),
        tiers=(),
        items=Range(1, 1),
        notebook_alone=True,
        prepare=_nothing,
        check=_no_model,
        evaluate=_no_scores,
    )


def _nothing(source: Path | None, seed: int, n: int) -> Prepared:
    """There are no data: what is handed out is in starter/."""
    none: Mapping[str, np.ndarray] = {"none": np.zeros(1, np.float32)}
    return Prepared(public=none, heldout={**none, "public": np.array([True])})


def _no_model(session: Session, public: Arrays) -> Preview:
    raise BadSubmission(Reason.NO_MODEL, "this assignment is a notebook: no model is graded")


def _no_scores(student: Student, heldout: Arrays, rng: np.random.Generator) -> Scores:
    raise BadSubmission(Reason.NO_MODEL, "this assignment is a notebook: no model is graded")
