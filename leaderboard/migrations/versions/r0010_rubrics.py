"""A mark keeps which items of a rubric were met."""

import sqlalchemy as sa
from alembic import op

revision = "r0010"
down_revision = "r0009"


def upgrade() -> None:
    with op.batch_alter_table("marks") as table:
        table.add_column(sa.Column("items", sa.JSON(), nullable=False, server_default="[]"))
