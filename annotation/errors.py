"""The error for annotation problems that users can fix."""


class AnnotationError(RuntimeError):
    """Raised for a problem with Argilla or its use; the message says how to fix it."""
