"""The gradebook: policies that were applied, and grades as events that are only ever added."""

import sqlalchemy as sa
from alembic import op

revision = "r0008"
down_revision = "r0007"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_policies()
    create_runs()
    create_events()


def create_policies() -> None:
    op.create_table(
        "grade_policies",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_grade_policies"),
    )


def create_runs() -> None:
    op.create_table(
        "grade_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("policy_sha256", sa.String(64), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["policy_sha256"], ["grade_policies.sha256"], name="fk_grade_runs_policy_sha256"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_grade_runs"),
        sqlite_autoincrement=True,
    )


def create_events() -> None:
    op.create_table(
        "grade_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        *(sa.Column(name, sa.Double(), nullable=True) for name in ("raw", "points")),
        sa.Column("penalty", sa.Double(), nullable=False),
        *(sa.Column(name, sa.Double(), nullable=True) for name in ("total", "possible")),
        sa.Column("letter", sa.String(40), nullable=False),
        sa.Column("slack", sa.Double(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=True),
        sa.Column("judging_id", sa.Integer(), nullable=True),
        sa.Column("policy_sha256", sa.String(64), nullable=True),
        sa.Column("data_sha256", sa.String(64), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.CheckConstraint("kind IN ('applied', 'entered')", name="ck_grade_events_kind_known"),
        sa.CheckConstraint(
            "total IS NULL OR (total > -1e300 AND total < 1e300)", name="ck_grade_events_total_finite"
        ),
        sa.ForeignKeyConstraint(["student_id"], ["students.id"], name="fk_grade_events_student_id"),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_grade_events_submission_id"),
        sa.ForeignKeyConstraint(["judging_id"], ["judgings.id"], name="fk_grade_events_judging_id"),
        sa.ForeignKeyConstraint(
            ["policy_sha256"], ["grade_policies.sha256"], name="fk_grade_events_policy_sha256"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_grade_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_grade_events_student_id", "grade_events", ["student_id", "kind", "item"])
