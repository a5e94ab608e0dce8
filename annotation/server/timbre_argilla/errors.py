"""Errors of the server."""


class LaunchError(RuntimeError):
    """Raised when the server can't start; the message says why and how to fix it."""


class DeliveryError(ValueError):
    """Raised when a webhook's receiver doesn't accept an event."""
