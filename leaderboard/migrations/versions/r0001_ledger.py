"""The first schema: teams, students, submissions, judgings with scores and pictures, events."""

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_events()
    create_teams()
    create_students()
    create_submissions()
    create_judgings()
    create_item_scores()
    create_pictures()
    create_scores()


def create_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )


def create_teams() -> None:
    op.create_table(
        "teams",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("claimed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_teams"),
        sa.UniqueConstraint("name_key", name="uq_teams_name_key"),
        sqlite_autoincrement=True,
    )


def create_students() -> None:
    op.create_table(
        "students",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("username", sa.String(100), nullable=False),
        sa.Column("username_key", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_students_team_id"),
        sa.PrimaryKeyConstraint("id", name="pk_students"),
        sa.UniqueConstraint("email_key", name="uq_students_email_key"),
        sa.UniqueConstraint("username_key", name="uq_students_username_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_students_team_id", "students", ["team_id"], unique=False)


def create_submissions() -> None:
    op.create_table(
        "submissions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("assignment", sa.String(100), nullable=False),
        sa.Column("run_kind", sa.String(20), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("judged_attempt", sa.Integer(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("claimed_at", TIME, nullable=True),
        sa.Column("lease_seconds", sa.Double(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_submissions_team_id"),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_submissions_assignment_team_id", "submissions", ["assignment", "team_id"], unique=False
    )
    op.create_index("ix_submissions_state", "submissions", ["state"], unique=False)
    op.create_index("ix_submissions_team_id_sha256", "submissions", ["team_id", "sha256"], unique=False)


def create_judgings() -> None:
    op.create_table(
        "judgings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("run_seed", sa.BigInteger(), nullable=True),
        sa.Column("data_sha256", sa.String(64), nullable=False),
        sa.Column("launcher", sa.Text(), nullable=False),
        sa.Column("layers", sa.Text(), nullable=False),
        sa.Column("wall_seconds", sa.Double(), nullable=False),
        sa.Column("cpu_seconds", sa.Double(), nullable=False),
        sa.Column("peak_bytes", sa.BigInteger(), nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_judgings_submission_id"),
        sa.PrimaryKeyConstraint("id", name="pk_judgings"),
        sa.UniqueConstraint("submission_id", "attempt", name="uq_judgings_submission_id_attempt"),
        sqlite_autoincrement=True,
    )


def create_item_scores() -> None:
    op.create_table(
        "item_scores",
        sa.Column("judging_id", sa.Integer(), nullable=False),
        sa.Column("metric", sa.String(100), nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["judging_id"], ["judgings.id"], name="fk_item_scores_judging_id"),
        sa.PrimaryKeyConstraint("judging_id", "metric", name="pk_item_scores"),
    )


def create_pictures() -> None:
    op.create_table(
        "pictures",
        sa.Column("judging_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["judging_id"], ["judgings.id"], name="fk_pictures_judging_id"),
        sa.PrimaryKeyConstraint("judging_id", "name", name="pk_pictures"),
    )


def create_scores() -> None:
    op.create_table(
        "scores",
        sa.Column("judging_id", sa.Integer(), nullable=False),
        sa.Column("split", sa.String(10), nullable=False),
        sa.Column("metric", sa.String(100), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("half_width", sa.Double(), nullable=False),
        sa.CheckConstraint("split IN ('public', 'private')", name="ck_scores_split_known"),
        sa.CheckConstraint("half_width >= 0 AND half_width < 1e300", name="ck_scores_half_width_finite"),
        sa.CheckConstraint("value > -1e300 AND value < 1e300", name="ck_scores_value_finite"),
        sa.ForeignKeyConstraint(["judging_id"], ["judgings.id"], name="fk_scores_judging_id"),
        sa.PrimaryKeyConstraint("judging_id", "split", "metric", name="pk_scores"),
    )
