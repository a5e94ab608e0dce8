"""Check and limit requests before Argilla handles them, and protect its web UI."""
