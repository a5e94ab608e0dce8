"""The worker process, which starts runs for new versions and pulls reviews as they arrive."""
