"""The one exception of the store."""


class StoreError(RuntimeError):
    """Something the store cannot do: what was found, what was expected, what to do about it."""
