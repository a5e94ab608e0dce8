"""What can go wrong in the pipelines that a user can set right: one sentence each."""


class SourceError(ValueError):
    """A source of articles that cannot be read: what was found, expected, and what to do."""


class TeacherError(ValueError):
    """A teacher that cannot be used: what was found, expected, and what to do."""
