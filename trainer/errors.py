"""What the trainer raises when it cannot go on."""


class TrainerError(RuntimeError):
    """Something a user can put right: what was found, what was expected, what to do."""


class RunLockedError(TrainerError):
    """The run is in another process's hands, which is no failure of the run."""
