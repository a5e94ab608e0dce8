"""What can go wrong in a study."""


class StudyError(ValueError):
    """A study that cannot be made as it is described: found, expected, what to do."""
