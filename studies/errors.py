"""The error of a study."""


class StudyError(ValueError):
    """A study that can't be run as its file describes it."""
