"""Errors of the server."""


class LaunchError(RuntimeError):
    """The server can't start; the message tells the person who started it why."""


class DeliveryError(ValueError):
    """A webhook's receiver didn't accept an event."""
