"""What can keep the server from starting."""


class LaunchError(RuntimeError):
    """The server cannot start; the message is one sentence for the person who started it."""
