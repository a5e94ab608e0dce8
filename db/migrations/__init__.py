"""Database migrations, which `db.sql.schema` runs."""
