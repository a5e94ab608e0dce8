"""What the annotation stage refuses or fails to do."""


class AnnotationError(RuntimeError):
    """Something about reviewing that the user can mend, said in one sentence."""
