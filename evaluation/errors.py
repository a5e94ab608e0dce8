"""The exception that this package raises."""


class EvaluationError(ValueError):
    """Raised when something can't be measured or reported."""
