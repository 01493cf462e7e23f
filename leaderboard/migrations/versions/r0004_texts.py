"""Beside pictures a judging keeps texts: what a language model writes on public data."""

import sqlalchemy as sa
from alembic import op

revision = "r0004"
down_revision = "r0003"


def upgrade() -> None:
    with op.batch_alter_table("judgings") as table:
        table.add_column(sa.Column("texts", sa.JSON(), nullable=False, server_default="{}"))
