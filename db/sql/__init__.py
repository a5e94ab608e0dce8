"""Database connections, tables, rows and schema checks for SQLite and PostgreSQL (SQLAlchemy)."""
