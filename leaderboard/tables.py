"""The ledger's tables. Judgings and events are only ever added to; nothing is deleted for good."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from grader.report import Verdict
from grader.spec import RunKind
from leaderboard.columns import Base as Base
from leaderboard.columns import Leased
from leaderboard.people_tables import StaffRow as StaffRow
from leaderboard.people_tables import StudentRow as StudentRow
from leaderboard.people_tables import TeamRow as TeamRow
from leaderboard.people_tables import TokenRow as TokenRow

COUNTED = ("state", "judged_at", "deleted_at")


class SubmissionRow(Leased, Base):
    """`judged_attempt` names the judging that counts; a regrade points it to another, keeping all.

    `released`: the public board showed it when it was judged; None until scored with answers of its own.
    """

    __tablename__ = "submissions"
    __table_args__ = (
        # With all that a team's quota and entries are counted from: the rows themselves are not read.
        Index("ix_submissions_quota", "team_id", "assignment", "run_kind", "received_at", *COUNTED),
        Index("ix_submissions_state_team_id", "state", "team_id", "deleted_at"),  # likewise how many in each
        Index("ix_submissions_team_id_sha256", "team_id", "sha256"),
        {"sqlite_autoincrement": True},  # a receipt's number is never given out again
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    assignment: Mapped[str] = mapped_column(String(100))
    run_kind: Mapped[RunKind]
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    file_name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime]
    attempts: Mapped[int]  # claims so far
    judged_attempt: Mapped[int | None]
    judged_at: Mapped[datetime | None]  # first scored or failed
    released: Mapped[bool | None]
    selected_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    starter: Mapped[bool] = mapped_column(server_default="0")
    deleted_at: Mapped[datetime | None]
    phase: Mapped[str | None] = mapped_column(Text)  # what its grading told while it runs: see progress.py
    phase_done: Mapped[int | None] = mapped_column(BigInteger)
    phase_total: Mapped[int | None] = mapped_column(BigInteger)
    log_tail: Mapped[str | None] = mapped_column(Text)
    told_at: Mapped[datetime | None]


class WriteUpRow(Base):
    """What a team wrote about a submission. Only ever added to: the latest counts."""

    __tablename__ = "write_ups"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]


class GraderRow(Base):
    """A process that grades, as long as it gives signs of life. `lanes`: places on each of its lanes."""

    __tablename__ = "graders"

    holder: Mapped[str] = mapped_column(Text, primary_key=True)
    slots: Mapped[int]
    seen_at: Mapped[datetime]
    draining_at: Mapped[datetime | None]  # since then it is to stop, and gets nothing more
    lanes: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class PauseRow(Base):
    """Nothing of the assignment is claimed until it ends; of none ("") nothing at all."""

    __tablename__ = "pauses"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class JudgingRow(Base):
    """What one attempt found; an attempt that was lost has one too."""

    __tablename__ = "judgings"
    __table_args__ = (
        UniqueConstraint("submission_id", "attempt"),
        Index("ix_judgings_recorded_at", "recorded_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    attempt: Mapped[int]
    holder: Mapped[str] = mapped_column(Text)
    verdict: Mapped[Verdict]
    reason: Mapped[str] = mapped_column(String(40))
    message: Mapped[str] = mapped_column(Text)
    log: Mapped[str] = mapped_column(Text)
    run_seed: Mapped[int | None] = mapped_column(BigInteger)
    data_sha256: Mapped[str] = mapped_column(String(64))
    same_as: Mapped[str] = mapped_column(Text, server_default="")  # a reference's answers: see sameness.py
    launcher: Mapped[str] = mapped_column(Text)
    layers: Mapped[str] = mapped_column(Text)  # separated by commas; see views for older ones
    wall_seconds: Mapped[float]
    cpu_seconds: Mapped[float]
    peak_bytes: Mapped[int] = mapped_column(BigInteger)
    limits: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    machine: Mapped[str] = mapped_column(Text, server_default="")  # see grader.machine
    gpu_seconds: Mapped[float] = mapped_column(server_default="0")
    reproduced: Mapped[bool | None]  # what `reproductions` says of it last
    killed: Mapped[str] = mapped_column(String(40), server_default="")
    doing: Mapped[str] = mapped_column(Text, server_default="")
    dropped_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    texts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")  # name → text
    training: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    # Of each training its curve and beats, which are long: loaded where one submission is looked at.
    traces: Mapped[dict[str, Any]] = mapped_column(server_default="{}", deferred=True)
    training_seconds: Mapped[float] = mapped_column(server_default="0")  # of processors, all trainings'
    training_wall_seconds: Mapped[float | None]  # None: nothing was trained
    started_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]


class ReproductionRow(Base):
    """A judging repeated by the same seeds: whether the same came out, bit for bit."""

    __tablename__ = "reproductions"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    judging_id: Mapped[int] = mapped_column(ForeignKey("judgings.id"), index=True)
    same: Mapped[bool]
    found: Mapped[dict[str, Any]]  # a leaderboard.reproductions.Reproduction
    at: Mapped[datetime]


class ScoreRow(Base):
    """No NaN, no infinity, whoever writes: SQLite has NaN as NULL, PostgreSQL sorts it above all numbers."""

    __tablename__ = "scores"
    __table_args__ = (
        CheckConstraint("value > -1e300 AND value < 1e300", name="value_finite"),
        CheckConstraint("half_width >= 0 AND half_width < 1e300", name="half_width_finite"),
        CheckConstraint("split IN ('public', 'private')", name="split_known"),
    )

    judging_id: Mapped[int] = mapped_column(ForeignKey("judgings.id"), primary_key=True)
    split: Mapped[str] = mapped_column(String(10), primary_key=True)
    metric: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[float]
    half_width: Mapped[float]


class NotebookRow(Base):
    """A judging's notebook: what came of its cells, and itself as it ran."""

    __tablename__ = "notebooks"

    judging_id: Mapped[int] = mapped_column(ForeignKey("judgings.id"), primary_key=True)
    cells: Mapped[dict[str, Any]]  # {"cells": [a CellResult each]}
    executed: Mapped[bytes] = mapped_column(LargeBinary)  # see grader.notebook.executed


class MarkRow(Base):
    """Points that somebody gave for a cell. Only ever added to: the latest counts; None takes it back."""

    __tablename__ = "marks"
    __table_args__ = (
        CheckConstraint("points > -1e300 AND points < 1e300", name="points_finite"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), index=True)
    cell: Mapped[str] = mapped_column(String(100))
    points: Mapped[float | None]
    comment: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime]
    items: Mapped[list[dict[str, Any]]] = mapped_column(server_default="[]")  # of the rubric: see marks.Item


class ItemScoresRow(Base):
    """Per-item scores, little-endian float32 in the order of the held-out items.

    Kept for what stands on a board or may: see `standings.keep_items`.
    """

    __tablename__ = "item_scores"

    judging_id: Mapped[int] = mapped_column(ForeignKey("judgings.id"), primary_key=True)
    metric: Mapped[str] = mapped_column(String(100), primary_key=True)
    values: Mapped[bytes] = mapped_column(LargeBinary)


class ResampledRow(Base):
    """A board's score in resamples of its items, little-endian float32 (B,): what ties are found from."""

    __tablename__ = "resampled"

    judging_id: Mapped[int] = mapped_column(ForeignKey("judgings.id"), primary_key=True)
    split: Mapped[str] = mapped_column(String(10), primary_key=True)
    values: Mapped[bytes] = mapped_column(LargeBinary)
    blocks: Mapped[int]  # that were drawn from; 0: of a whole set


class PictureRow(Base):
    __tablename__ = "pictures"

    judging_id: Mapped[int] = mapped_column(ForeignKey("judgings.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    png: Mapped[bytes] = mapped_column(LargeBinary)


class BoardRow(Base):
    """One board: an assignment's, of one kind of run. `rules`: those that its standings were made under."""

    __tablename__ = "boards"

    assignment: Mapped[str] = mapped_column(String(100), primary_key=True)
    run_kind: Mapped[RunKind] = mapped_column(primary_key=True)
    rules: Mapped[dict[str, Any]]
    ties_stale: Mapped[bool]  # scores moved since ties were looked for
    changed_at: Mapped[datetime | None]  # the latest judging
    revealed_at: Mapped[datetime | None]


class StandingRow(Base):
    """What a team had on a board from `since` until `until`; None: it has it now. What was stays."""

    __tablename__ = "standings"
    __table_args__ = (
        Index("ix_standings_board", "assignment", "run_kind", "split", "until", "since"),
        Index("ix_standings_team_id", "team_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment: Mapped[str] = mapped_column(String(100))
    run_kind: Mapped[RunKind]
    split: Mapped[str] = mapped_column(String(10))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    judging_id: Mapped[int] = mapped_column(ForeignKey("judgings.id"))
    score: Mapped[float]
    half_width: Mapped[float]
    received_at: Mapped[datetime]  # of the submission that it is from
    entries: Mapped[int]
    last_at: Mapped[datetime]  # the latest entry was received
    badges: Mapped[str] = mapped_column(Text)  # separated by commas
    spread: Mapped[float | None]


class TiesRow(Base):
    """Where a board's tie groups begin, from `at` on: their leaders' losses after the first, ascending."""

    __tablename__ = "ties"

    assignment: Mapped[str] = mapped_column(String(100), primary_key=True)
    run_kind: Mapped[RunKind] = mapped_column(primary_key=True)
    split: Mapped[str] = mapped_column(String(10), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    edges: Mapped[list[float]]


class RungRow(Base):
    """What a team's next submission is compared with: the losses behind its public score. See ladder.py."""

    __tablename__ = "rungs"

    assignment: Mapped[str] = mapped_column(String(100), primary_key=True)
    run_kind: Mapped[RunKind] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), primary_key=True)
    loss: Mapped[float]
    losses: Mapped[bytes | None] = mapped_column(LargeBinary)  # little-endian float32; None: of a whole set
    data_sha256: Mapped[str] = mapped_column(String(64))


class ExtensionRow(Base):
    """A student's own deadline, granted besides the configuration's."""

    __tablename__ = "extensions"

    assignment: Mapped[str] = mapped_column(String(100), primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("students.id"), primary_key=True)
    until: Mapped[datetime]


class DisqualificationRow(Base):
    """Stands until it is lifted; what was lifted stays here."""

    __tablename__ = "disqualifications"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment: Mapped[str] = mapped_column(String(100), index=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]


class RegradeRow(Base):
    """A set of submissions judged again, in the background; then applied or cancelled as a whole."""

    __tablename__ = "regrades"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment: Mapped[str] = mapped_column(String(100), index=True)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))  # open, applied, cancelled
    data_version: Mapped[int]  # what it is judged on; once applied, what everything is
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class RegradeItemRow(Leased, Base):
    """One submission of a set, with a lease of its own: what it has on the board stays until `apply`."""

    __tablename__ = "regrade_items"
    __table_args__ = (Index("ix_regrade_items_state", "state"),)

    regrade_id: Mapped[int] = mapped_column(ForeignKey("regrades.id"), primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    attempt: Mapped[int | None]
    judging_id: Mapped[int | None] = mapped_column(ForeignKey("judgings.id"))
    losses: Mapped[bytes | None] = mapped_column(LargeBinary)  # as in `rungs`, which it may become


class EventRow(Base):
    """Who did what, when: the audit log."""

    __tablename__ = "events"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]]
