"""The database migrations, which `db.sql.schema` runs."""
