"""The one exception of the store, and the kinds of it that a caller may put right."""


class StoreError(RuntimeError):
    """Something the store cannot do: what was found, what was expected, what to do about it."""


class StoreAwayError(StoreError):
    """A database that cannot be reached now, and may be again later."""


class StoreVersionError(StoreError):
    """A database of an older or a newer Timbre, as one meets while a stack is upgraded."""


class StoreEmptyError(StoreError):
    """A database that is not there yet, or has no table in it."""
