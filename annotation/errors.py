"""What can go wrong between us and Argilla that a user can mend."""


class AnnotationError(RuntimeError):
    """One sentence: what was found, what was expected, what to do."""
