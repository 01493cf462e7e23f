"""A judging of a train run tells of its training."""

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"


def upgrade() -> None:
    with op.batch_alter_table("judgings") as table:
        table.add_column(sa.Column("training", sa.JSON(), nullable=False, server_default="{}"))
