"""The Alembic environment script, which uses the connection that `db.sql.schema` opened."""

from alembic import context

from db.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
