"""Notebooks: what came of their cells, and the points that people gave."""

import sqlalchemy as sa
from alembic import op

revision = "r0007"
down_revision = "r0006"


def upgrade() -> None:
    op.create_table(
        "notebooks",
        sa.Column("judging_id", sa.Integer(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("executed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["judging_id"], ["judgings.id"], name="fk_notebooks_judging_id"),
        sa.PrimaryKeyConstraint("judging_id", name="pk_notebooks"),
    )
    op.create_table(
        "marks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("cell", sa.String(100), nullable=False),
        sa.Column("points", sa.Double(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("points > -1e300 AND points < 1e300", name="ck_marks_points_finite"),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_marks_submission_id"),
        sa.PrimaryKeyConstraint("id", name="pk_marks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_marks_submission_id", "marks", ["submission_id"])
