"""Each judging says which limits it ran under, which one it met, and doing what."""

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"


def upgrade() -> None:
    with op.batch_alter_table("judgings") as table:
        table.add_column(sa.Column("limits", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("killed", sa.String(40), nullable=False, server_default=""))
        table.add_column(sa.Column("doing", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("dropped_bytes", sa.BigInteger(), nullable=False, server_default="0"))
