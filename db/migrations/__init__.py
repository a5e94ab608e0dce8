"""How a database came to its shape, one step a file; run by `db.sql.schema`."""
