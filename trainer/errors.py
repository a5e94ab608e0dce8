"""What the trainer raises when it cannot go on."""


class TrainerError(RuntimeError):
    """Something a user can put right: what was found, what was expected, what to do."""
