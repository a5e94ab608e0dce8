"""The script that builds a recording in `pipelines/teachers/recordings`; it isn't installed."""
