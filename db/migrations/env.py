"""What Alembic runs: the steps on the connection that `db.sql.schema` hands over."""

from alembic import context

from db.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
