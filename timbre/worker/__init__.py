"""The worker process: it starts runs for new versions, and pulls reviews as they arrive."""
