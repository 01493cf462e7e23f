"""Boards are kept, not computed: standings with their history, ties, the Ladder; rulings; regrades."""

import sqlalchemy as sa
from alembic import op

revision = "r0005"
down_revision = "r0004"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    extend_teams()
    extend_submissions()
    extend_judgings()
    create_boards()
    create_standings()
    create_ties()
    create_rungs()
    create_extensions()
    create_disqualifications()
    create_regrades()
    create_regrade_items()


def extend_teams() -> None:
    """Without a foreign key, for which SQLite would have to make anew a table that others refer to."""
    op.add_column("teams", sa.Column("merged_into", sa.Integer(), nullable=True))


def extend_submissions() -> None:
    """What was scored before had been shown: it counts as released."""
    for name, kind in (("judged_at", TIME), ("released", sa.Boolean()), ("selected_at", TIME)):
        op.add_column("submissions", sa.Column(name, kind, nullable=True))
    op.add_column("submissions", sa.Column("withdrawn_at", TIME, nullable=True))
    op.add_column("submissions", sa.Column("starter", sa.Boolean(), server_default="0", nullable=False))
    for old in ("assignment_team_id", "state"):
        op.drop_index(f"ix_submissions_{old}", "submissions")
    op.create_index("ix_submissions_state_team_id", "submissions", ["state", "team_id"])
    by_team = ["team_id", "assignment", "run_kind", "received_at", "state", "judged_at", "deleted_at"]
    op.create_index("ix_submissions_quota", "submissions", by_team)
    op.execute(
        "UPDATE submissions SET judged_at = (SELECT recorded_at FROM judgings "
        "WHERE judgings.submission_id = submissions.id AND judgings.attempt = submissions.judged_attempt) "
        "WHERE state IN ('scored', 'failed')"
    )
    op.execute(sa.text("UPDATE submissions SET released = :yes WHERE state = 'scored'").bindparams(yes=True))


def extend_judgings() -> None:
    op.add_column("judgings", sa.Column("same_as", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "resampled",
        sa.Column("judging_id", sa.Integer(), nullable=False),
        sa.Column("split", sa.String(10), nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.Column("blocks", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["judging_id"], ["judgings.id"], name="fk_resampled_judging_id"),
        sa.PrimaryKeyConstraint("judging_id", "split", name="pk_resampled"),
    )


def create_boards() -> None:
    op.create_table(
        "boards",
        sa.Column("assignment", sa.String(100), nullable=False),
        sa.Column("run_kind", sa.String(20), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("ties_stale", sa.Boolean(), nullable=False),
        sa.Column("changed_at", TIME, nullable=True),
        sa.Column("revealed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("assignment", "run_kind", name="pk_boards"),
    )


def create_standings() -> None:
    op.create_table(
        "standings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment", sa.String(100), nullable=False),
        sa.Column("run_kind", sa.String(20), nullable=False),
        sa.Column("split", sa.String(10), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("until", TIME, nullable=True),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("judging_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("half_width", sa.Double(), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.Column("badges", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["judging_id"], ["judgings.id"], name="fk_standings_judging_id"),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_standings_submission_id"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_standings_team_id"),
        sa.PrimaryKeyConstraint("id", name="pk_standings"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_standings_board", "standings", ["assignment", "run_kind", "split", "until", "since"])
    op.create_index("ix_standings_team_id", "standings", ["team_id"])


def create_ties() -> None:
    op.create_table(
        "ties",
        sa.Column("assignment", sa.String(100), nullable=False),
        sa.Column("run_kind", sa.String(20), nullable=False),
        sa.Column("split", sa.String(10), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("edges", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("assignment", "run_kind", "split", "at", name="pk_ties"),
    )


def create_rungs() -> None:
    op.create_table(
        "rungs",
        sa.Column("assignment", sa.String(100), nullable=False),
        sa.Column("run_kind", sa.String(20), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("loss", sa.Double(), nullable=False),
        sa.Column("losses", sa.LargeBinary(), nullable=True),
        sa.Column("data_sha256", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_rungs_team_id"),
        sa.PrimaryKeyConstraint("assignment", "run_kind", "team_id", name="pk_rungs"),
    )


def create_extensions() -> None:
    op.create_table(
        "extensions",
        sa.Column("assignment", sa.String(100), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.ForeignKeyConstraint(["student_id"], ["students.id"], name="fk_extensions_student_id"),
        sa.PrimaryKeyConstraint("assignment", "student_id", name="pk_extensions"),
    )


def create_disqualifications() -> None:
    op.create_table(
        "disqualifications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment", sa.String(100), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("lifted_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_disqualifications_team_id"),
        sa.PrimaryKeyConstraint("id", name="pk_disqualifications"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_disqualifications_assignment", "disqualifications", ["assignment"])


def create_regrades() -> None:
    op.create_table(
        "regrades",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment", sa.String(100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("data_version", sa.Integer(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_regrades"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_regrades_assignment", "regrades", ["assignment"])


def create_regrade_items() -> None:
    op.create_table(
        "regrade_items",
        sa.Column("regrade_id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("judging_id", sa.Integer(), nullable=True),
        sa.Column("losses", sa.LargeBinary(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("claimed_at", TIME, nullable=True),
        sa.Column("lease_seconds", sa.Double(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.ForeignKeyConstraint(["judging_id"], ["judgings.id"], name="fk_regrade_items_judging_id"),
        sa.ForeignKeyConstraint(["regrade_id"], ["regrades.id"], name="fk_regrade_items_regrade_id"),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_regrade_items_submission_id"),
        sa.PrimaryKeyConstraint("regrade_id", "submission_id", name="pk_regrade_items"),
    )
    op.create_index("ix_regrade_items_state", "regrade_items", ["state"])
