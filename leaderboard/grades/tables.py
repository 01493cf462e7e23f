"""The gradebook's tables. Only ever added to: a grade that changed is a new event, and the old one stays."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from leaderboard.columns import Base


class GradePolicyRow(Base):
    """A policy that was applied, in full, by the SHA-256 of its text."""

    __tablename__ = "grade_policies"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime]


class GradeRunRow(Base):
    """An application of a policy that changed something, if only the policy."""

    __tablename__ = "grade_runs"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    policy_sha256: Mapped[str] = mapped_column(ForeignKey("grade_policies.sha256"))
    events: Mapped[int]  # that it wrote
    who: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class GradeEventRow(Base):
    """A student's grade on one item, or the course's total, as it was applied or entered.

    kind: "applied", by a policy; "entered", by a person, and taken back where `total` is None: what is
    entered counts when a policy is next applied. Of each kind the latest of a student's item is valid.
    """

    __tablename__ = "grade_events"
    __table_args__ = (
        CheckConstraint("kind IN ('applied', 'entered')", name="kind_known"),
        CheckConstraint("total IS NULL OR (total > -1e300 AND total < 1e300)", name="total_finite"),
        Index("ix_grade_events_student_id", "student_id", "kind", "item"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("students.id"))
    item: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(10))
    raw: Mapped[float | None]  # a score, a notebook's part, or points that were entered
    points: Mapped[float | None]  # before anything was taken off
    penalty: Mapped[float]
    total: Mapped[float | None]
    possible: Mapped[float | None]
    letter: Mapped[str] = mapped_column(String(40))
    slack: Mapped[float]  # days that it took
    source: Mapped[str] = mapped_column(Text)
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submissions.id"))
    judging_id: Mapped[int | None] = mapped_column(ForeignKey("judgings.id"))
    policy_sha256: Mapped[str | None] = mapped_column(ForeignKey("grade_policies.sha256"))
    data_sha256: Mapped[str] = mapped_column(String(64))  # the held-out data that the score is of
    steps: Mapped[str] = mapped_column(Text)  # one a line; of what was entered, why
    who: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
