"""Errors of the pipelines that a user can fix."""


class SourceError(ValueError):
    """A source of articles or chats can't be read."""


class TeacherError(ValueError):
    """A teacher can't be used."""
