"""The exception raised by studies."""


class StudyError(ValueError):
    """Raised when a study can't be run as described in its file."""
