"""The error of this stage."""


class EvaluationError(ValueError):
    """Something that can't be measured or reported."""
