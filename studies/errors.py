"""The exception that studies raise."""


class StudyError(ValueError):
    """Raised when a study can't be run as its file describes it."""
