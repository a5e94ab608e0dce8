"""The one error that this stage raises for what a user can meet and mend."""


class EvaluationError(ValueError):
    """Something cannot be measured or reported: what was found, expected, and what to do."""
