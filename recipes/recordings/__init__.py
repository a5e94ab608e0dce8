"""The script that builds a recording of replies; it isn't installed with Timbre."""
