"""The error that stops the server from starting."""


class LaunchError(RuntimeError):
    """The server can't start; the message tells the person who started it why."""
