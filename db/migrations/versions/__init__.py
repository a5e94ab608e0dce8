"""The migrations, one per file, numbered from the oldest."""
