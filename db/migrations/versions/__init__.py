"""The database migrations, one per file, numbered in order from the oldest."""
