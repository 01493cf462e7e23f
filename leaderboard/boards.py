"""An assignment's two boards: what each is called, where it is kept, and what it is ranked by.

An assignment's name may end in any word, "-train" too: what belongs to a board of train runs is kept where no
assignment's own can be.
"""

from __future__ import annotations  # who draws boards on a student's laptop has no numpy

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.outline import Outline, RunKind
from grader.rules import Rules

if TYPE_CHECKING:
    from grader.spec import Assignment


@dataclass(frozen=True)
class Board:
    assignment: Assignment  # under the course's settings
    run_kind: RunKind

    @property
    def slug(self) -> str:
        return self.assignment.slug

    @property
    def rules(self) -> Rules:
        return self.assignment.rules

    @property
    def sign(self) -> float:
        """What turns a score into a loss."""
        return -1.0 if self.assignment.metric.higher_is_better else 1.0


def heading(assignment: Outline, run_kind: RunKind) -> str:
    return assignment.title + (", trained by the grader" if run_kind is RunKind.TRAIN else "")


def folder(slug: str, run_kind: RunKind, *, private: bool = False) -> str:
    """Of its pages, within a site.

    >>> folder("cnn", RunKind.EVALUATE), folder("cnn", RunKind.TRAIN, private=True)
    ('assignments/cnn/board/', 'assignments/cnn/train/private/')
    """
    which = "train" if run_kind is RunKind.TRAIN else "board"
    return f"assignments/{slug}/{which}/" + ("private/" if private else "")


def file_name(slug: str, run_kind: RunKind) -> str:
    """Of its download.

    >>> file_name("cnn", RunKind.EVALUATE), file_name("cnn", RunKind.TRAIN)
    ('cnn-leaderboard.csv', 'cnn-leaderboard-train.csv')
    """
    return f"{slug}-leaderboard{'-train' if run_kind is RunKind.TRAIN else ''}.csv"
