"""The exceptions that the server raises."""


class LaunchError(RuntimeError):
    """Raised when the server can't start; its message says what went wrong and how to fix it."""


class DeliveryError(ValueError):
    """Raised when the receiver of a webhook doesn't accept an event."""
