"""SQLAlchemy on SQLite and PostgreSQL: connections, tables, rows and the schema's version."""
