"""The exception raised by the evaluation package."""


class EvaluationError(ValueError):
    """Raised when something can't be measured or reported."""
