"""The error that annotation raises for problems that a user can solve."""


class AnnotationError(RuntimeError):
    """A sentence or two: what's wrong with Argilla or its use, and how to fix it."""
