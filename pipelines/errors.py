"""Pipeline errors that users can fix."""


class SourceError(ValueError):
    """Raised when a source of articles or chats can't be read."""


class TeacherError(ValueError):
    """Raised when a teacher can't be used."""
