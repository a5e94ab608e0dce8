"""The exception that the evaluation package raises."""


class EvaluationError(ValueError):
    """Raised when something can't be measured or reported."""
