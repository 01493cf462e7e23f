"""What a server needs: staff, tokens, write-ups, who grades, and what a grading tells while it runs."""

import sqlalchemy as sa
from alembic import op

revision = "r0006"
down_revision = "r0005"

TIME = sa.DateTime(timezone=True)
TOLD = (
    ("phase", sa.Text()),
    ("phase_done", sa.BigInteger()),
    ("phase_total", sa.BigInteger()),
    ("log_tail", sa.Text()),
    ("told_at", TIME),
)


def upgrade() -> None:
    for name, kind in TOLD:
        op.add_column("submissions", sa.Column(name, kind, nullable=True))
    op.drop_index("ix_submissions_state_team_id", "submissions")
    op.create_index("ix_submissions_state_team_id", "submissions", ["state", "team_id", "deleted_at"])
    create_staff()
    create_tokens()
    create_write_ups()
    create_graders()


def create_staff() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("username", sa.String(100), nullable=False),
        sa.Column("username_key", sa.Text(), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("removed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("username_key", name="uq_staff_username_key"),
        sqlite_autoincrement=True,
    )


def create_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.Column("replaces", sa.Integer(), nullable=True),
        sa.Column("last_seen_at", TIME, nullable=True),
        sa.CheckConstraint("(student_id IS NULL) <> (staff_id IS NULL)", name="ck_tokens_whose"),
        sa.ForeignKeyConstraint(["replaces"], ["tokens.id"], name="fk_tokens_replaces"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_tokens_staff_id"),
        sa.ForeignKeyConstraint(["student_id"], ["students.id"], name="fk_tokens_student_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
        sqlite_autoincrement=True,
    )
    for column in ("student_id", "staff_id"):
        op.create_index(f"ix_tokens_{column}", "tokens", [column])


def create_write_ups() -> None:
    op.create_table(
        "write_ups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_write_ups_submission_id"),
        sa.PrimaryKeyConstraint("id", name="pk_write_ups"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_write_ups_submission_id", "write_ups", ["submission_id"])


def create_graders() -> None:
    op.create_table(
        "graders",
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("holder", name="pk_graders"),
    )
