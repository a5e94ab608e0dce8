"""The error that annotation raises for problems that a user can solve."""


class AnnotationError(RuntimeError):
    """A problem with Argilla or its use; the message says how to fix it."""
