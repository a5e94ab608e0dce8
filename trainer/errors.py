"""Exceptions raised by the trainer."""


class TrainerError(RuntimeError):
    """A problem that the user can fix; the message says what is wrong and how to fix it."""


class RunLockedError(TrainerError):
    """Another process is using the folder of a run, which doesn't mean that the run has failed."""
