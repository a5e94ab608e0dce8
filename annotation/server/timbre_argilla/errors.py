"""The error that stops the server from starting."""


class LaunchError(RuntimeError):
    """Raised when the server can't start; the message says why and how to fix it."""
