"""The one exception of the store, and the kind of it that passes."""


class StoreError(RuntimeError):
    """Something the store cannot do: what was found, what was expected, what to do about it."""


class StoreAwayError(StoreError):
    """A database that cannot be reached now, and may be again later."""
