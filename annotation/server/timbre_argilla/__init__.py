"""Argilla's own server and web UI, whole, in one process on SQLite or PostgreSQL."""
