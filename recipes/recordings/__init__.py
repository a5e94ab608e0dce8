"""How the recordings in `pipelines/teachers/recordings` were made; not installed."""
