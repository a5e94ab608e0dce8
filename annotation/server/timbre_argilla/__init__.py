"""Argilla's server and web UI in one process, on SQLite or PostgreSQL."""
