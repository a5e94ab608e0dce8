"""The error for annotation problems that users can fix."""


class AnnotationError(RuntimeError):
    """Raised if Argilla fails or is used incorrectly; the message says how to fix the problem."""
