"""Pauses, graders that are to stop, what machines judged, and trainings that were repeated."""

import sqlalchemy as sa
from alembic import op

revision = "r0009"
down_revision = "r0008"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("graders", sa.Column("draining_at", TIME, nullable=True))
    op.add_column("graders", sa.Column("lanes", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("judgings", sa.Column("machine", sa.Text(), server_default="", nullable=False))
    op.add_column("judgings", sa.Column("gpu_seconds", sa.Double(), server_default="0", nullable=False))
    op.add_column("judgings", sa.Column("reproduced", sa.Boolean(), nullable=True))
    op.add_column("judgings", sa.Column("traces", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("judgings", sa.Column("training_seconds", sa.Double(), server_default="0", nullable=False))
    op.add_column("judgings", sa.Column("training_wall_seconds", sa.Double(), nullable=True))
    sum_up_trainings()
    op.add_column("standings", sa.Column("spread", sa.Double(), nullable=True))
    op.create_index("ix_judgings_recorded_at", "judgings", ["recorded_at"])
    create_pauses()
    create_reproductions()


def sum_up_trainings() -> None:
    """Until now each had one, and only its record told what that used."""
    judgings = sa.table(
        "judgings",
        sa.column("training", sa.JSON()),
        sa.column("training_seconds", sa.Double()),
        sa.column("training_wall_seconds", sa.Double()),
    )
    used = judgings.c.training["cpu_seconds"].as_float()
    passed = judgings.c.training["wall_seconds"].as_float()
    op.execute(
        judgings.update().where(used.is_not(None)).values(training_seconds=used, training_wall_seconds=passed)
    )


def create_pauses() -> None:
    op.create_table(
        "pauses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment", sa.String(100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_pauses"),
        sqlite_autoincrement=True,
    )


def create_reproductions() -> None:
    op.create_table(
        "reproductions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("judging_id", sa.Integer(), nullable=False),
        sa.Column("same", sa.Boolean(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["judging_id"], ["judgings.id"], name="fk_reproductions_judging_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reproductions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reproductions_judging_id", "reproductions", ["judging_id"])
