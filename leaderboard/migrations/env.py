"""Alembic's entry: migrates over the connection that `leaderboard.database.upgrade` hands in."""

from alembic import context

from leaderboard.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by rebuilding it
    transactional_ddl=True,  # SQLite's DDL is transactional as well, once BEGIN is said
)
with context.begin_transaction():
    context.run_migrations()
